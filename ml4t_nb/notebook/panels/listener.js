// Tells the kernel what is clicked and zoomed in the plotly figures beside it.
//
// A front end draws a figure later than this, and anew whenever it likes, so that figures are
// looked for on every change under the box that holds both. The kernel draws a figure anew after
// a zoom; that makes no event of these, so nothing goes round in a circle.

const BOX = ".ml4t-chart";
const DOUBLE_CLICK_MS = 320;
const SETTLED_MS = 600;
const LOOSE_PX = 20;

function listen(figure, send) {
  let pending = 0;
  const told = (what) => {
    clearTimeout(pending);
    send({ ...what, drawing: figure.layout?.meta?.drawn ?? null });
  };
  figure.on("plotly_click", (event) => {
    const labels = [...new Set((event.points ?? []).map((point) => String(point.x)))];
    clearTimeout(pending);
    // The first half of a double click is a click too, and says nothing about a gap.
    pending = setTimeout(() => told({ what: "click", labels }), DOUBLE_CLICK_MS);
  });
  figure.on("plotly_doubleclick", () => clearTimeout(pending));
  figure.on("plotly_relayout", (change) => {
    const [left, right] = change["xaxis.range"] ?? [
      change["xaxis.range[0]"],
      change["xaxis.range[1]"],
    ];
    if (change["xaxis.autorange"] === true) {
      told({ what: "whole" });
    } else if (Number.isFinite(left) && Number.isFinite(right)) {
      told({ what: "range", left, right });
    }
  });
}

export default {
  render({ model, el }) {
    const heard = new WeakMap();
    let watch = null;
    let wait = 0;
    const look = (box) => {
      for (const figure of box.querySelectorAll(".js-plotly-plot")) {
        // A figure that plotly draws from scratch in the same place forgets who listened.
        if (typeof figure.on === "function" && heard.get(figure) !== figure.on) {
          heard.set(figure, figure.on);
          listen(figure, (message) => model.send(message));
        }
      }
    };
    // Lab fits a figure to its cell by itself; Voila leaves it as wide as it was drawn.
    let settle = 0;
    const fit = (box) => {
      for (const figure of box.querySelectorAll(".js-plotly-plot")) {
        const drawn = figure.querySelector(".main-svg")?.clientWidth ?? 0;
        if (figure.clientWidth && drawn && Math.abs(figure.clientWidth - drawn) > LOOSE_PX) {
          model.send({ what: "fit", drawing: figure.layout?.meta?.drawn ?? null });
        }
      }
    };
    const measure = (box) => {
      let known = box.clientWidth;
      return new ResizeObserver(() => {
        if (box.clientWidth !== known) {
          known = box.clientWidth;
          clearTimeout(settle);
          settle = setTimeout(() => fit(box), SETTLED_MS);
        }
      });
    };
    let sizes = null;
    const begin = () => {
      const box = el.closest(BOX);
      if (box === null) {
        wait = setTimeout(begin, 200);
        return;
      }
      watch = new MutationObserver(() => look(box));
      watch.observe(box, { childList: true, subtree: true });
      look(box);
      sizes = measure(box);
      sizes.observe(box);
    };
    el.style.display = "none";
    begin();
    return () => {
      clearTimeout(wait);
      clearTimeout(settle);
      watch?.disconnect();
      sizes?.disconnect();
    };
  },
};
