// A panel without a table of its own: the page only tells whether somebody may see it.

export default {
  render({ model, el }) {
    const stop = new AbortController();
    el.style.display = "none";
    tellWhetherSeen(model, stop.signal);
    return () => stop.abort();
  },
};
