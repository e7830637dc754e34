// Buttons and links with `data-dialog` open a dialog of that id; without this script the links lead to a page that asks the same.

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      opener.closest("details")?.removeAttribute("open");
      dialog.showModal();
      dialog.querySelector("textarea")?.focus();
    }
    event.target.closest("[data-close]")?.closest("dialog").close();
  });
}
