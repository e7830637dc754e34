// Scan viewer: zoom, rotate, move, and switch between the pages of the file. Sets inline styles by script, which the
// Content-Security-Policy allows.

const STEP = 1.25;
const MARGIN = 24;

export function initScanViewer() {
  const view = document.querySelector("[data-scan-view]");
  if (!view) return;
  const paper = view.querySelector("[data-scan]");
  const image = paper.querySelector("img");
  // Overlay of the image, with the same size and rotation.
  const face = paper.querySelector("[data-scan-overlay]");
  const size = document.querySelector("[data-scan-size]");
  let scale = 0;
  let angle = 0;

  const isLying = () => angle % 180 !== 0;
  const extent = () =>
    isLying() ? [image.naturalHeight, image.naturalWidth] : [image.naturalWidth, image.naturalHeight];
  const fitting = () => {
    const [width, height] = extent();
    const across = (view.clientWidth - MARGIN) / width;
    // In narrow windows, fit the width.
    const down = matchMedia("(max-width: 55.99rem)").matches ? across : (view.clientHeight - MARGIN) / height;
    return Math.max(0.05, Math.min(across, down));
  };

  // A scale of 0 means: fit to the window.
  function place() {
    if (!image.naturalWidth) return;
    const now = scale || fitting();
    const [width, height] = extent();
    const middle = [
      (view.scrollLeft + view.clientWidth / 2) / (view.scrollWidth || 1),
      (view.scrollTop + view.clientHeight / 2) / (view.scrollHeight || 1),
    ];
    paper.classList.add("is-placed");
    paper.style.inlineSize = `${width * now}px`;
    paper.style.blockSize = `${height * now}px`;
    image.style.inlineSize = face.style.inlineSize = `${image.naturalWidth * now}px`;
    face.style.blockSize = `${image.naturalHeight * now}px`;
    image.style.rotate = face.style.rotate = `${angle}deg`;
    size.textContent = `${Math.round(now * 100)}%`;
    if (scale) view.scrollTo(middle[0] * view.scrollWidth - view.clientWidth / 2, middle[1] * view.scrollHeight - view.clientHeight / 2);
    const isLarger = view.scrollWidth > view.clientWidth || view.scrollHeight > view.clientHeight;
    view.classList.toggle("is-movable", isLarger);
    view.dispatchEvent(new CustomEvent("scan-placed", { detail: { angle } }));
  }

  const zoom = (factor) => {
    const most = Math.max(4, fitting() * 6);
    scale = Math.min(most, Math.max(0.1, (scale || fitting()) * factor));
    place();
  };
  const pages = [...document.querySelectorAll("[data-scan-page]")];
  const own = pages.find((one) => one.hasAttribute("aria-current"));
  const show = (page) => {
    if (!page) return;
    image.src = page.dataset.scanPage;
    face.hidden = page !== own;
    for (const one of pages) one.removeAttribute("aria-current");
    page.setAttribute("aria-current", "page");
  };
  const acts = {
    larger: () => zoom(STEP),
    smaller: () => zoom(1 / STEP),
    fit: () => {
      scale = 0;
      place();
    },
    turn: () => {
      angle = (angle + 90) % 360;
      place();
    },
    next: () => show(pages[(pages.findIndex((one) => one.hasAttribute("aria-current")) + 1) % pages.length]),
  };
  for (const button of document.querySelectorAll("[data-scan-action]")) {
    button.addEventListener("click", acts[button.dataset.scanAction]);
  }
  for (const page of pages) {
    page.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(page);
    });
  }

  const KEYS = { "+": "larger", "=": "larger", "-": "smaller", "0": "fit", t: "turn", n: "next" };
  const KEY_POSITIONS = { KeyT: "turn", KeyN: "next", Digit0: "fit", Equal: "larger", Minus: "smaller" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    const isHere = event.target === view;
    // Use the character, else the position of the key: some keyboards give another character with Alt.
    const name = KEYS[event.key.toLowerCase()] ?? KEY_POSITIONS[event.code];
    if (!name || !(event.altKey || isHere)) return;
    event.preventDefault();
    acts[name]();
  });

  let held = null;
  view.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    held = [event.clientX + view.scrollLeft, event.clientY + view.scrollTop];
    view.setPointerCapture(event.pointerId);
    view.classList.add("is-moving");
  });
  view.addEventListener("pointermove", (event) => {
    if (held) view.scrollTo(held[0] - event.clientX, held[1] - event.clientY);
  });
  const release = () => {
    held = null;
    view.classList.remove("is-moving");
  };
  view.addEventListener("pointerup", release);
  view.addEventListener("pointercancel", release);
  image.draggable = false;

  image.addEventListener("load", place);
  new ResizeObserver(() => { if (!scale) place(); }).observe(view);
  place();
}
