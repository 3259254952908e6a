// The health board: what is heard of it besides what any board hears.

function hearHealth(view, signal) {
  const { model, top } = view;
  const on = (target, type, hear) => target.addEventListener(type, hear, { signal });
  on(top.querySelector("select"), "change", ({ target }) => {
    view.look.grouping = target.value;
    view.arrange();
  });
  const judge = ({ target }) => {
    const days = target.valueAsNumber;
    if (!Number.isFinite(days) || target.value === target.defaultValue) return;
    target.defaultValue = target.value; // it is typed no more
    model.send({ what: "stale", days });
  };
  on(view.part("foot"), "change", judge);
  // Not every page lets Enter end a change.
  on(view.part("foot"), "keydown", (event) => event.key === "Enter" && judge(event));
  drawQuestion(view, model.get("question"));
}

export default {
  render({ model, el }) {
    return shown(new HealthView(model), el, hearHealth);
  },
};
