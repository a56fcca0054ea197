/** One sentence carried from a page to the next: "Customer C-1 is erased." It is told once and kept nowhere. */

const KEY = "telelink-news";

/** @param {string} sentence for the page that loads next in this tab */
export function leaveNews(sentence) {
  sessionStorage.setItem(KEY, sentence);
}

/** Tell what the page before left, and forget it. @param {HTMLElement} place where it is told; it takes the keyboard */
export function tellNews(place) {
  const sentence = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  place.hidden = !sentence;
  place.textContent = sentence;
  if (sentence) place.focus();
}
