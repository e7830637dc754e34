// Something that has just happened: said aloud, and shown for a while above the page.

const SECONDS = 6;

export function say(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text;
  document.getElementById("toasts").replaceChildren(toast);
  setTimeout(() => toast.remove(), SECONDS * 1000);
}
