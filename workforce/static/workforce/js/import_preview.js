// Import preview: show all rows, or the rows of one kind.

const choices = document.querySelector("[data-import-filter]");
const rows = document.querySelectorAll("tbody[data-action]");

choices.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-show]");
  if (!chosen) return;
  for (const one of choices.querySelectorAll("[data-show]")) one.ariaPressed = String(one === chosen);
  for (const row of rows) row.hidden = chosen.dataset.show !== "" && row.dataset.action !== chosen.dataset.show;
});
