// Toasts: short messages above the page, which screen readers announce.

const SECONDS = 6;
// Leave time to read the message and reach its button.
const SECONDS_WITH_BUTTON = 15;

// Show `text` for a few seconds. `action`, `{label, act}`, adds a button. The toast stays while it is hovered or focused.
export function announce(text, action = null) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text.replace(/\s+/g, " ").trim();
  document.getElementById("toasts").replaceChildren(toast);
  const seconds = action ? SECONDS_WITH_BUTTON : SECONDS;
  let timer = 0;
  const leave = () => {
    clearTimeout(timer);
    timer = setTimeout(() => (toast.matches(":hover, :focus-within") ? leave() : toast.remove()), seconds * 1000);
  };
  leave();
  if (!action) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "toast-button";
  button.textContent = action.label;
  button.addEventListener("click", () => {
    toast.remove();
    action.act();
  });
  toast.append(button);
}
