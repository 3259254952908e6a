// Enter in the list of bars presses the button that takes the chosen one: a list has no such key.

const VIEW = ".ml4t-compare";
const LIST = ".ml4t-compare-list select";
const TAKE = ".ml4t-compare-take";

export default {
  render({ el }) {
    const heard = new AbortController();
    el.style.display = "none";
    window.addEventListener(
      "keydown",
      (event) => {
        const { target } = event;
        if (event.key !== "Enter" || event.repeat || !(target instanceof Element)) return;
        if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
        const list = target.closest(LIST);
        const take = list?.closest(VIEW)?.querySelector(TAKE);
        if (!take || !el.closest(VIEW)?.contains(list)) return;
        event.preventDefault();
        if (take.checkVisibility()) take.click();
      },
      { signal: heard.signal },
    );
    return () => heard.abort();
  },
};
