// The sign-in has ended. What the page of a card has kept in this tab comes back in this tab, and is said to.

import { kept } from "./pending_submit_storage.js";

const notice = document.querySelector("[data-restored]");
if (notice && kept()?.path === location.pathname) {
  notice.textContent = notice.dataset.restored;
  document.querySelector("[data-sign-in]").removeAttribute("target");
}
