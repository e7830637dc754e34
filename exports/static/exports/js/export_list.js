// List of exports: refresh running exports until all are finished. Without scripts, reload the page.

const SECONDS = 3;
const MAX_SECONDS = 30;
const status = document.querySelector("[data-exports-status]");
let seconds = SECONDS;

const progressOf = (row) => row.querySelector("[data-in-progress]");
const link = (row) => row.querySelector("th a")?.getAttribute("href");
const rows = (root) => [...root.querySelectorAll("#result_list tbody tr")];
const areRunning = () => rows(document).some(progressOf);

async function refresh() {
  if (document.hidden) return schedule();
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = new Map(rows(page).map((row) => [link(row), row]));
    // Replace only running exports; keep the focus on the link of the same row.
    for (const row of rows(document).filter(progressOf)) {
      const now = fresh.get(link(row));
      if (!now) continue;
      const hadFocus = row.contains(document.activeElement);
      row.replaceWith(now);
      if (hadFocus) now.querySelector("th a").focus();
      if (!progressOf(now)) status.textContent = `${status.dataset.ready} ${now.querySelector("th").textContent}`;
    }
    seconds = SECONDS;
  } catch {
    seconds = Math.min(MAX_SECONDS, seconds * 2);
  }
  schedule();
}

function schedule() {
  if (areRunning()) setTimeout(refresh, seconds * 1000);
}

schedule();
