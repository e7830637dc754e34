// The menu of businesses in the header. It loads the names when it opens, so no page contains them.

const menu = document.querySelector("[data-business-menu]");
const list = menu?.querySelector("[data-business-list]");

const choices = () => [...list.querySelectorAll("button[name=business_id]")].filter((one) => !one.hidden);

async function load() {
  list.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(menu.dataset.businessMenu, { headers: { "X-Requested-With": "fetch" } });
    if (!response.ok) throw new Error(String(response.status));
    list.innerHTML = await response.text();
  } catch {
    list.textContent = list.dataset.failed;
  } finally {
    list.removeAttribute("aria-busy");
  }
  const field = list.querySelector("[data-choice-search]");
  field?.addEventListener("input", () => filter(field.value));
  (field ?? choices()[0])?.focus();
}

function filter(text) {
  const words = text.trim().toLocaleLowerCase();
  for (const one of list.querySelectorAll("button[name=business_id]"))
    one.hidden = !one.textContent.toLocaleLowerCase().includes(words);
  list.querySelector("[data-no-choice]").hidden = choices().length > 0;
}

function move(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (!(event.key in steps)) {
    if (event.key === "Enter" && event.target.matches("[data-choice-search]")) {
      event.preventDefault();
      choices()[0]?.click();
    }
    return;
  }
  event.preventDefault();
  const all = choices();
  const next = all.indexOf(document.activeElement) + steps[event.key];
  all[(next + all.length) % all.length]?.focus();
}

if (menu) {
  menu.addEventListener("toggle", () => {
    if (menu.open) load();
  });
  list.addEventListener("keydown", move);
}
