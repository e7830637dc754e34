// Whose card is it? Suggestions come as one types; each is a form of the server's own.

const PAUSE = 250;

export function startAssigning() {
  const menu = document.querySelector("[data-assign]");
  if (!menu) return;
  const search = menu.querySelector("form[role=search]");
  const box = search.elements.q;
  const found = menu.querySelector("[data-found]");
  let timer = 0;
  let asked = 0;

  async function ask() {
    const number = ++asked;
    const url = new URL(location.href);
    url.search = new URLSearchParams({ q: box.value });
    const answer = await fetch(url, { headers: { Accept: "text/html" } }).catch(() => null);
    // Without an answer the search goes as a page.
    if (!answer?.ok) return search.submit();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-assign] [data-found]");
    if (number !== asked || !fresh) return;
    found.replaceChildren(...fresh.children);
    // The version that this page shows, not the one of a moment ago.
    const version = document.querySelector("#days-form [name=version]")?.value;
    if (version) for (const one of found.querySelectorAll("[name=version]")) one.value = version;
  }

  search.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    ask();
  });
  box.addEventListener("input", () => {
    clearTimeout(timer);
    if (box.value.trim().length > 1) timer = setTimeout(ask, PAUSE);
  });
  found.setAttribute("aria-live", "polite");
  menu.addEventListener("toggle", () => {
    if (menu.open) box.focus();
  });
}
