// The list of exports: looks again at those under way, until all are done. Without this script a reload does.

const SECONDS = 3;
const MOST = 30;
const says = document.querySelector("[data-exports-status]");
let seconds = SECONDS;

const mark = (row) => row.querySelector("[data-in-progress]");
const link = (row) => row.querySelector("th a")?.getAttribute("href");
const rows = (root) => [...root.querySelectorAll("#result_list tbody tr")];
const areUnderWay = () => rows(document).some(mark);

async function look() {
  if (document.hidden) return again();
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = new Map(rows(page).map((row) => [link(row), row]));
    // Only what is under way changes; where the focus is in such a row, it stays on the same link.
    for (const row of rows(document).filter(mark)) {
      const now = fresh.get(link(row));
      if (!now) continue;
      const hadFocus = row.contains(document.activeElement);
      row.replaceWith(now);
      if (hadFocus) now.querySelector("th a").focus();
      if (!mark(now)) says.textContent = `${says.dataset.ready} ${now.querySelector("th").textContent}`;
    }
    seconds = SECONDS;
  } catch {
    seconds = Math.min(MOST, seconds * 2);
  }
  again();
}

function again() {
  if (areUnderWay()) setTimeout(look, seconds * 1000);
}

again();
