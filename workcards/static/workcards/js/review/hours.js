// Hours of one day, computed as in `workcards/hours.py`; the server validates them again. Hours are integers, in
// hundredths, to avoid binary fractions. Pure functions without access to the page.

const DAY = 24 * 60;
const MAX_BREAK = 240;
const MAX_HOURS = 2400;

// 7, 730, 0730, 7:30, 7.30 → "07:30"; "" for blank input; null for an invalid time. The end of a shift may be 24:00.
export function readTime(text, isEnd = false) {
  const typed = text.trim();
  if (!typed) return "";
  const match = /^([0-9]{1,2})(?:[:.,;]?([0-9]{2}))?$/.exec(typed);
  if (!match) return null;
  let hour = Number(match[1]);
  const minute = Number(match[2] || 0);
  if (isEnd && hour === 24 && minute === 0) hour = 0;
  if (hour > 23 || minute > 59) return null;
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

// Hours in hundredths; null for blank input, NaN for anything but a number with at most two decimals.
export function readHours(text) {
  const typed = text.trim().replace(",", ".");
  if (!typed) return null;
  const match = /^(-?)([0-9]{0,3})(?:\.([0-9]{0,2}))?$/.exec(typed);
  if (!match || !(match[2] || match[3])) return NaN;
  const hundredths = Number(match[2] || 0) * 100 + Number((match[3] || "").padEnd(2, "0"));
  return match[1] ? -hundredths : hundredths;
}

// Minutes; null for blank input, NaN for anything but an integer.
export function readMinutes(text) {
  const typed = text.trim();
  if (!typed) return null;
  return /^-?[0-9]{1,6}$/.test(typed) ? Number(typed) : NaN;
}

export const showHours = (hundredths) => (hundredths / 100).toFixed(2);

// Round half up.
const asHundredths = (minutes) => Math.floor((minutes * 10 + 3) / 6);

const minuteOf = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

const wrong = (code, field, more = {}) => ({ wrong: code, field, ...more });

// Return null for a blank day, `{hours, status}`, or `{wrong, field}` with the codes of `InvalidDay`.
// Takes parsed values: times as "HH:MM" or "", minutes and hundredths as numbers or null.
export function dayFigures({ from = "", to = "", pause = null, total = null, status = "", comment = "" }) {
  if (status) return { hours: null, status };
  if (from === null) return wrong("invalid_time", "from_time");
  if (to === null) return wrong("invalid_time", "to_time");
  const rest = pause ?? 0;
  if (!(rest >= 0 && rest <= MAX_BREAK)) return wrong("break_out_of_range", "break_minutes");
  if (Number.isNaN(total)) return wrong("invalid_total", "total_hours");
  if (total !== null && !(total >= 0 && total <= MAX_HOURS)) return wrong("total_out_of_range", "total_hours");
  if (!from && !to) {
    if (rest) return wrong("break_without_times", "break_minutes");
    if (total === null && !comment.trim()) return null;
    return { hours: total ?? 0, status: "" };
  }
  if (!from) return wrong("missing_time", "from_time");
  if (!to) return wrong("missing_time", "to_time");
  if (from === to) return wrong("same_times", "to_time");
  // A shift may pass midnight; 00:00 as end of a shift is the end of the day.
  const shift = (minuteOf(to) - minuteOf(from) + DAY) % DAY;
  if (rest > shift) return wrong("break_too_long", "break_minutes");
  const hours = asHundredths(shift - rest);
  if (total !== null && Math.abs(total - hours) > 1) return mismatch(total, hours, shift);
  return { hours, status: "" };
}

function mismatch(total, hours, shift) {
  const found = wrong("total_mismatch", "total_hours", { hours });
  if (total < hours) {
    const suggestion = shift - Math.floor((total * 6 + 5) / 10);
    if (suggestion <= MAX_BREAK) found.pause = suggestion;
  }
  return found;
}
