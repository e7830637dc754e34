// Search in a list as one types: the rows follow, and the address with them, so that back and forward work. Without this
// script Enter does.

import { initLiveSearch } from "../../automatehq/js/live_search.js";

const field = document.getElementById("searchbar");
const form = field?.form;
const says = document.querySelector("[data-list-status]");
const list = document.getElementById("changelist-form");

const addressOf = () => {
  const asked = new URLSearchParams(new FormData(form));
  if (!field.value.trim()) asked.delete(field.name);
  return `${location.pathname}?${asked}`;
};

function start() {
  let typed = field.value;
  // Going back or forward asks for the address itself and changes none.
  let isBack = false;

  const search = initLiveSearch(field, {
    async ask(_text, signal) {
      const address = isBack ? location.href : addressOf();
      const isNew = !isBack;
      isBack = false;
      const answer = await fetch(address, { signal });
      // What a page of its own has to say, such as that one is signed out, is said there.
      if (!answer.ok || answer.redirected) return { address };
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      return { address, isNew, page, rows: page.getElementById("changelist-form") };
    },
    searching() {
      if (list.ariaBusy === "true") return;
      // The rows of another text are gone, and the page keeps its height meanwhile.
      list.style.minBlockSize = `${list.offsetHeight}px`;
      list.ariaBusy = "true";
      const note = Object.assign(document.createElement("p"), { className: "empty", textContent: says.dataset.searching });
      list.replaceChildren(note);
      says.textContent = says.dataset.searching;
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
      // The menus stay as they are, and lead on from what was typed.
      document.querySelectorAll("#changelist-filter a").forEach((link, place) => { if (links[place]) link.href = links[place].getAttribute("href"); });
      const boxes = document.querySelectorAll("tr input.action-select");
      if (boxes.length) window.Actions?.(boxes);
      if (isNew) history.replaceState({ search: true }, "", address);
      const count = document.querySelector("#changelist .empty h2, [data-list-count]");
      says.textContent = count?.textContent.trim() ?? "";
    },
    failed: () => form.requestSubmit(),
  });

  field.addEventListener("input", () => {
    isBack = false;
    // The list as it was before the first letter is one step back.
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

if (form && says) start();
