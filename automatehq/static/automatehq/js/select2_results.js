// Select2 shows old results until the next response, and accepts late responses. This script clears results when the text
// changes, drops late responses, and announces a running search to screen readers.

const status = document.createElement("p");
status.className = "visually-hidden";
status.setAttribute("role", "status");
document.body.append(status);

function fixResults(select) {
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
  // Select2 misses pasted text after a key that it handled itself, such as Enter.
  const field = box.dropdown.$search?.[0];
  field?.addEventListener("input", () => { box.dropdown._keyUpPrevented = false; }, { capture: true });
  const rows = box.results.$results;
  const announce = (isBusy) => {
    rows.attr("aria-busy", String(isBusy));
    const text = isBusy ? rows.children(".loading-results").first().text() : "";
    if (status.textContent !== text) status.textContent = text;
  };
  box.on("query", () => {
    rows.children(":not(.loading-results)").remove();
    announce(true);
  });
  for (const name of ["results:all", "results:message", "close"]) box.on(name, () => announce(false));
}

// Django's script creates the boxes when the page is ready; run after it.
window.django?.jQuery(() => document.querySelectorAll("select.admin-autocomplete").forEach(fixResults));
