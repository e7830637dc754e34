// Layout of all pages: the sidebar as a drawer in narrow windows, menus, the search shortcut.

const narrow = matchMedia("(max-width: 55.99rem)");
const side = document.getElementById("side");
const button = document.querySelector("[data-sidebar-toggle]");

const isOpen = () => document.body.dataset.nav === "open";

function openDrawer(open) {
  document.body.dataset.nav = open ? "open" : "";
  button.setAttribute("aria-expanded", String(open));
  side.setAttribute("role", open ? "dialog" : "complementary");
  if (open) side.setAttribute("aria-modal", "true");
  else side.removeAttribute("aria-modal");
  // Make the page inert while the drawer is open; move the focus into the drawer and back.
  for (const beneath of document.querySelectorAll(".main > *, .act-as-bar")) beneath.inert = open;
  const target = open ? side.querySelector("[aria-current], .nav a") : button;
  target?.focus();
}

if (side && button) {
  button.addEventListener("click", () => openDrawer(!isOpen()));
  document.addEventListener("click", (event) => {
    if (isOpen() && !event.target.closest("#side, [data-sidebar-toggle]")) openDrawer(false);
  });
  narrow.addEventListener("change", () => {
    if (isOpen()) openDrawer(false);
  });
}

// One menu is open at a time.
const menus = [...document.querySelectorAll("details.menu")];
const closeMenus = (except) => {
  for (const menu of menus)
    if (menu !== except) menu.open = false;
};
for (const menu of menus) {
  menu.addEventListener("toggle", () => {
    if (menu.open) closeMenus(menu);
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = menus.find((one) => one.open);
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (isOpen()) {
    openDrawer(false);
  }
});

// "/" moves to the search field, or opens the search page if the window is too narrow for the field.
const TYPING = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=submit], [type=button])";
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = document.querySelector("[data-search]");
  if (!field || event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  if (!field.checkVisibility()) return document.querySelector(".search-link").click();
  field.focus();
  field.select();
});

// Make scrolling regions focusable, so that they can be scrolled with the keyboard.
const scrolling = document.querySelectorAll("main .module, main .results, main .card-days, main .card-suggestions, main .scroll");
const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else if (!target.getAttribute("role")) target.removeAttribute("tabindex");
  }
});
for (const one of scrolling) watcher.observe(one);
