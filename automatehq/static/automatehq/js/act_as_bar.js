// Act-as bar of a super-admin: counts down, and warns screen readers before the time is over.

const WARNING_SECONDS = 5 * 60;
const countdown = document.querySelector("[data-act-as-seconds]");
const status = document.querySelector("[data-act-as-status]");

if (countdown && status) {
  // The server sends the remaining seconds, since the clock of this computer may be wrong.
  const total = Number(countdown.dataset.actAsSeconds);
  const start = performance.now();
  const time = countdown.querySelector(".time");
  let announced = "";

  const announce = (text) => {
    if (announced !== text) status.textContent = announced = text;
  };

  const tick = () => {
    const left = Math.max(0, Math.round(total - (performance.now() - start) / 1000));
    time.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left === 0) {
      announce(countdown.dataset.expired);
      clearInterval(timer);
    } else if (left <= WARNING_SECONDS) {
      announce(countdown.dataset.ending);
    }
  };
  const timer = setInterval(tick, 1000);
  countdown.hidden = false;
  tick();
}
