// Select2 leaves the rows of the last text on the page until the next answer comes, and takes a late answer for a new one.
// Here rows vanish with the text that they were found for, late answers are dropped, and a search under way is announced.

const status = document.createElement("p");
status.className = "visually-hidden";
status.setAttribute("role", "status");
document.body.append(status);

function follow(select) {
  const box = window.django.jQuery(select).data("select2");
  if (!box) return;
  const adapter = box.dataAdapter;
  const ask = adapter.query;
  let latest = 0;
  adapter.query = (params, show) => {
    latest += 1;
    const number = latest;
    ask.call(adapter, params, (found) => {
      if (number === latest) show(found);
    });
  };
  // After a key that Select2 took for itself, such as Enter, it misses text that is pasted.
  const field = box.dropdown.$search?.[0];
  field?.addEventListener("input", () => { box.dropdown._keyUpPrevented = false; }, { capture: true });
  const rows = box.results.$results;
  const tell = (isBusy) => {
    rows.attr("aria-busy", String(isBusy));
    const text = isBusy ? rows.children(".loading-results").first().text() : "";
    if (status.textContent !== text) status.textContent = text;
  };
  box.on("query", () => {
    rows.children(":not(.loading-results)").remove();
    tell(true);
  });
  for (const name of ["results:all", "results:message", "close"]) box.on(name, () => tell(false));
}

// After Django's own script, which draws the boxes when the page is ready.
window.django?.jQuery(() => document.querySelectorAll("select.admin-autocomplete").forEach(follow));
