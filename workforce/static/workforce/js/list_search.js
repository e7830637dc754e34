// Search a list while the user types. The address follows, so that back and forward work. Without scripts, Enter searches.

import { initLiveSearch } from "../../automatehq/js/live_search.js";

const field = document.getElementById("searchbar");
const form = field?.form;
const status = document.querySelector("[data-list-status]");
const list = document.getElementById("changelist-form");

const addressOf = () => {
  const asked = new URLSearchParams(new FormData(form));
  if (!field.value.trim()) asked.delete(field.name);
  return `${location.pathname}?${asked}`;
};

function start() {
  let typed = field.value;
  // Back and forward request the address itself and do not change it.
  let isBack = false;

  const search = initLiveSearch(field, {
    async ask(_text, signal) {
      const address = isBack ? location.href : addressOf();
      const isNew = !isBack;
      isBack = false;
      const answer = await fetch(address, { signal });
      // Open the page itself for other responses, such as the end of a session.
      if (!answer.ok || answer.redirected) return { address };
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return { address, isNew, page, rows: page.getElementById("changelist-form") };
    },
    searching() {
      if (list.ariaBusy === "true") return;
      // Clear the rows of the previous text, and keep the height of the page.
      list.style.minBlockSize = `${list.offsetHeight}px`;
      list.ariaBusy = "true";
      const note = Object.assign(document.createElement("p"), { className: "empty", textContent: status.dataset.searching });
      list.replaceChildren(note);
      status.textContent = status.dataset.searching;
    },
    found({ address, isNew, page, rows }) {
      if (!rows) {
        location.assign(address);
        return;
      }
      list.replaceChildren(...rows.childNodes);
      list.ariaBusy = "false";
      list.style.minBlockSize = "";
      const links = page.querySelectorAll("#changelist-filter a");
      // Keep the filter menus; update their links.
      document.querySelectorAll("#changelist-filter a").forEach((link, place) => { if (links[place]) link.href = links[place].getAttribute("href"); });
      const boxes = document.querySelectorAll("tr input.action-select");
      if (boxes.length) window.Actions?.(boxes);
      if (isNew) history.replaceState({ search: true }, "", address);
      const count = document.querySelector("#changelist .empty h2, [data-list-count]");
      status.textContent = count?.textContent.trim() ?? "";
    },
    failed: () => form.requestSubmit(),
  });

  field.addEventListener("input", () => {
    isBack = false;
    // Going back once returns to the list before the first letter.
    if (typed === null) return;
    history.pushState({ search: true }, "", location.href);
    typed = null;
  });
  addEventListener("popstate", () => {
    field.value = new URLSearchParams(location.search).get(field.name) ?? "";
    typed = field.value;
    isBack = true;
    search.go();
  });
}

if (form && status) start();
