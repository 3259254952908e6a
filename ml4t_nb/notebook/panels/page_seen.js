// Tells the kernel while the page is there and not hidden: so long it looks whether the store has
// changed.
function tellWhetherSeen(model, signal) {
  const page = `${Date.now()} ${Math.random()}`;
  let isSeen = false;
  const tell = (isThere) => {
    if (isThere === isSeen) return;
    isSeen = isThere;
    model.send({ what: "seen", page, is_seen: isSeen });
  };
  const look = () => tell(!document.hidden);
  document.addEventListener("visibilitychange", look, { signal });
  window.addEventListener("pagehide", () => tell(false), { signal });
  window.addEventListener("pageshow", look, { signal });
  signal.addEventListener("abort", () => tell(false));
  look();
}
