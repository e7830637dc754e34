// The bar of a super-admin who acts for a business: counts down, and says politely when little is left.

const FEW = 5 * 60;
const place = document.querySelector("[data-act-as-seconds]");
const says = document.querySelector("[data-act-as-status]");

if (place && says) {
  // Seconds from the server, counted from here: this computer's clock may be wrong.
  const total = Number(place.dataset.actAsSeconds);
  const start = performance.now();
  const time = place.querySelector(".time");
  let said = "";

  const say = (text) => {
    if (said !== text) says.textContent = said = text;
  };

  const tick = () => {
    const left = Math.max(0, Math.round(total - (performance.now() - start) / 1000));
    time.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left === 0) {
      say(place.dataset.expired);
      clearInterval(timer);
    } else if (left <= FEW) {
      say(place.dataset.ending);
    }
  };
  const timer = setInterval(tick, 1000);
  place.hidden = false;
  tick();
}
