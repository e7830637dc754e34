// History dialog of a card: loads the latest events when the user opens it.

const MAX_EVENTS = 8;
const MAX_CHANGES = 5;

function shorten(events) {
  const rows = [...events.tBodies[0].rows];
  for (const row of rows.slice(MAX_EVENTS)) row.remove();
  for (const row of rows) {
    const rest = [...row.querySelectorAll(".change")].slice(MAX_CHANGES);
    if (!rest.length) continue;
    const line = document.createElement("div");
    const count = document.createElement("bdi");
    line.className = "text-muted";
    count.dir = "ltr";
    count.textContent = `+${rest.length}`;
    line.append(count);
    rest[0].before(line);
    for (const one of rest) one.remove();
  }
}

export function initHistory() {
  const dialog = document.querySelector("[data-history]");
  if (!dialog) return;
  const place = dialog.querySelector("[data-history-content]");
  document.querySelector(`[data-dialog="${dialog.id}"]`).addEventListener("click", async () => {
    const answer = await fetch(dialog.dataset.history, { headers: { Accept: "text/html" } }).catch(() => null);
    // If the request fails, the link below opens the history.
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const events = page.querySelector("#change-history .events");
    if (!events) return;
    shorten(events);
    place.replaceChildren(events);
    place.focus();
  });
}
