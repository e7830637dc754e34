// Search in a list as one types: the rows follow, and the address with them, so that back and forward work. Without this
// script Enter does.

const PAUSE = 250; // ms after the last letter
const field = document.getElementById("searchbar");
const form = field?.form;
const says = document.querySelector("[data-list-says]");
let timer = 0;
let reading = null;

const addressOf = () => {
  const asked = new URLSearchParams(new FormData(form));
  if (!field.value.trim()) asked.delete(field.name);
  return `${location.pathname}?${asked}`;
};

async function show(address, isBack = false) {
  reading?.abort();
  reading = new AbortController();
  try {
    const answer = await fetch(address, { signal: reading.signal });
    // What a page of its own has to say, such as that one is signed out, is said there.
    if (!answer.ok || answer.redirected) return location.assign(address);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("changelist-form");
    if (!fresh) return location.assign(address);
    document.getElementById("changelist-form").replaceChildren(...fresh.childNodes);
    const links = page.querySelectorAll("#changelist-filter a");
    // The menus stay as they are, and lead on from what was typed.
    document.querySelectorAll("#changelist-filter a").forEach((link, place) => { if (links[place]) link.href = links[place].getAttribute("href"); });
    const boxes = document.querySelectorAll("tr input.action-select");
    if (boxes.length) window.Actions?.(boxes);
    if (!isBack) history.replaceState({ search: true }, "", address);
    const found = document.querySelector("#changelist .empty h2, [data-list-count]");
    says.textContent = found?.textContent.trim() ?? "";
  } catch (error) {
    if (error.name !== "AbortError") form.requestSubmit();
  }
}

if (form && says) {
  let typed = field.value;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    // The list as it was before the first letter is one step back.
    if (typed !== null) {
      history.pushState({ search: true }, "", location.href);
      typed = null;
    }
    timer = setTimeout(() => show(addressOf()), PAUSE);
  });
  addEventListener("popstate", () => {
    field.value = new URLSearchParams(location.search).get(field.name) ?? "";
    typed = field.value;
    show(location.href, true);
  });
}
