// Storage of one form that was sent from a card's page and has no response yet. It belongs to the browser tab.

const KEY = "card sent";

export const storePending = (sent) => sessionStorage.setItem(KEY, JSON.stringify(sent));
export const clearPending = () => sessionStorage.removeItem(KEY);

export function loadPending() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}
