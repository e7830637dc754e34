// Buttons and links with `data-dialog` open the dialog with that id. Without scripts, the links open a page with the same form.
// A hash in the address, such as `#reopen`, opens a dialog marked `data-open-by-hash`.

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
  const requested = document.getElementById(location.hash.slice(1));
  if (!requested?.matches("dialog[data-open-by-hash]")) return;
  open(requested);
  // Remove the hash, so that returning to the page does not open the dialog again.
  history.replaceState(null, "", location.pathname + location.search);
}

function open(dialog) {
  dialog.showModal();
  dialog.querySelector("textarea")?.focus();
}
