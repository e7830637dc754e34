// Select2 draws a box in place of a <select> and forgets its name: what is chosen is read aloud, but not what of.

const nameOf = (select) => {
  const label = document.querySelector(`label[for="${select.id}"]`);
  if (label && !label.id) label.id = `${select.id}_label`;
  return label;
};

const nameBoxes = () => {
  for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
    const label = nameOf(select);
    const box = select.nextElementSibling?.querySelector(".select2-selection");
    const chosen = box?.querySelector(".select2-selection__rendered");
    if (!label || !chosen || box.dataset.named) continue;
    box.dataset.named = "yes";
    box.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
    if (select.getAttribute("aria-describedby")) box.setAttribute("aria-describedby", select.getAttribute("aria-describedby"));
    chosen.setAttribute("aria-labelledby", label.id);
  }
  for (const field of document.querySelectorAll(".select2-search__field:not([aria-labelledby])")) {
    const open = document.querySelector(".select2-container--open")?.previousElementSibling;
    const label = open?.matches("select") && nameOf(open);
    if (label) field.setAttribute("aria-labelledby", label.id);
    const list = document.querySelector(".select2-results__options");
    if (label && list) list.setAttribute("aria-labelledby", label.id);
  }
};

new MutationObserver(nameBoxes).observe(document.body, { childList: true, subtree: true });
nameBoxes();
