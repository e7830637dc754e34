// What a card's page has sent and has had no answer to: one form, kept in the tab.

const NAME = "card sent";

export const keep = (sent) => sessionStorage.setItem(NAME, JSON.stringify(sent));
export const forget = () => sessionStorage.removeItem(NAME);

export function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME));
  } catch {
    return null;
  }
}
