// Something that has just happened: said aloud, and shown for a while above the page.

const SECONDS = 6;
// With a button there is something to read and to reach.
const SECONDS_WITH_BUTTON = 15;

// `action`, if there is one, is `{label, act}`: a button in the toast, which stays while it is pointed at or has the focus.
export function announce(text, action = null) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text;
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
