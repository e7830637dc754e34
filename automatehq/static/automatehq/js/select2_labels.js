// Label the box that Select2 shows in place of a <select>: Select2 itself gives it no accessible name.

const nameOf = (select) => {
  const label = document.querySelector(`label[for="${select.id}"]`);
  if (label && !label.id) label.id = `${select.id}_label`;
  return label;
};

const nameBox = (select) => {
  const label = nameOf(select);
  const box = select.nextElementSibling?.querySelector(".select2-selection");
  const chosen = box?.querySelector(".select2-selection__rendered");
  if (!label || !chosen || box.dataset.labelled) return;
  box.dataset.labelled = "yes";
  box.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
  box.setAttribute("aria-controls", `select2-${select.id}-results`);
  const about = select.getAttribute("aria-describedby");
  if (about) box.setAttribute("aria-describedby", about);
  chosen.setAttribute("aria-labelledby", label.id);
};

// Select2 appends its dropdown to the end of the page.
const nameDropdown = (dropdown) => {
  const select = document.querySelector("main .select2-container--open")?.previousElementSibling;
  const label = select?.matches("select") && nameOf(select);
  if (!label || dropdown.hasAttribute("role")) return;
  dropdown.setAttribute("role", "region");
  for (const one of [dropdown, ...dropdown.querySelectorAll(".select2-search__field, .select2-results__options")]) {
    one.setAttribute("aria-labelledby", label.id);
  }
};

const nameAll = () => {
  document.querySelectorAll("select.select2-hidden-accessible").forEach(nameBox);
  document.querySelectorAll("body > .select2-container").forEach(nameDropdown);
};

new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
nameAll();
