// Buttons and links with `data-dialog` open a dialog of that id; without this script the links lead to a page that asks the same. An address may ask, too, for
// one that is marked `data-open-by-hash`: `#reopen`.

export function initDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      opener.closest("details")?.removeAttribute("open");
      open(dialog);
    }
    event.target.closest("[data-close]")?.closest("dialog").close();
  });
  const asked = document.getElementById(location.hash.slice(1));
  if (!asked?.matches("dialog[data-open-by-hash]")) return;
  open(asked);
  // Asked for once: coming back to the page does not ask again.
  history.replaceState(null, "", location.pathname + location.search);
}

function open(dialog) {
  dialog.showModal();
  dialog.querySelector("textarea")?.focus();
}
