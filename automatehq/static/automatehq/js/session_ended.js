// The session has ended. If this tab stores unsaved input of a card, tell the user that signing in here restores it.

import { loadPending } from "./pending_submit_storage.js";

const notice = document.querySelector("[data-restored]");
if (notice && loadPending()?.path === location.pathname) {
  notice.textContent = notice.dataset.restored;
  document.querySelector("[data-sign-in]").removeAttribute("target");
}
