// Keys of the gap explorer, sent to the kernel, which does what the button of that key does.
//
// The list of gaps is a field that has no letters of its own, so that keys are heard in it.

const LIST = ".ml4t-gap-list select";
const REASON = ".ml4t-reason input";
const KEYS = "jkafcu";
const MOVES = "jk";

export default {
  render({ model, el }) {
    const panel = new KeyedPanel(el, {
      own: ".ml4t-gaps",
      sentence: ".ml4t-gap-story",
      next: (gaps) => visible(gaps, LIST),
    });
    const send = (gaps, key) => {
      const field = gaps.querySelector(REASON);
      const reason = field?.value.trim() ?? "";
      // With the message, since the field's own may come later: a kernel at work gets fewer of them.
      if (key === "c" && reason === "") field?.focus();
      else model.send({ what: "key", key, reason });
    };
    const hear = (event, gaps) => {
      const { target } = event;
      if (target.matches(REASON)) {
        if (event.key === "Enter" && target.value.trim() !== "") send(gaps, "c");
        if (event.key === "Enter" || event.key === "Escape") gaps.querySelector(LIST)?.focus();
        return;
      }
      if (target.closest(FIELD) && !target.matches(LIST)) return;
      const key = event.key.toLowerCase();
      if (key.length !== 1 || !KEYS.includes(key)) return;
      event.preventDefault();
      if (MOVES.includes(key) || panel.isRead(event)) send(gaps, key);
    };
    // A field keeps its keys from whoever would hear them after it.
    panel.onKey(hear, { capture: true });
    return () => panel.stop();
  },
};
