// A chart's legend: small drawings of its signs, each beside its meaning.

const SVG = "http://www.w3.org/2000/svg";
const WAYS = {
  "/": "M2 11l5-11M8 11l5-11M14 11l5-11",
  "\\": "M2 0l5 11M8 0l5 11M14 0l5 11",
  x: "M0 11l6-11M6 11l6-11M12 11l6-11M0 0l6 11M6 0l6 11M12 0l6 11",
  "-": "M0 3.5h18M0 7.5h18",
  "|": "M4.5 0v11M9 0v11M13.5 0v11",
  "+": "M0 5.5h18M6 0v11M12 0v11",
  ".": "M4 3h1M9 3h1M14 3h1M4 8h1M9 8h1M14 8h1",
};

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function sign(mark, token) {
  const stroke = `var(--ml4t-${token})`;
  const isLetter = mark === "S" || mark === "D";
  const isSquare = isLetter || mark === "ring" || mark === "triangle";
  const wide = isSquare ? 14 : 18;
  const svg = shape("svg", {
    viewBox: `0 0 ${wide} ${isSquare ? 14 : 12}`,
    width: wide,
    height: isSquare ? 14 : 12,
    fill: "none",
    "stroke-width": 1,
    "aria-hidden": "true",
  });
  svg.style.stroke = stroke;
  const add = (tag, attributes) => svg.append(shape(tag, attributes));
  if (mark === "ring") add("circle", { cx: 7, cy: 7, r: 5, "stroke-width": 2 });
  else if (mark === "triangle") add("path", { d: "M2 3h10l-5 8z" });
  else if (mark.startsWith("line")) {
    const dash = mark.slice("line ".length).replaceAll("px", "");
    add("path", { d: "M0 6h18", "stroke-width": 2, "stroke-dasharray": dash || "none" });
  }
  else if (isLetter) {
    if (mark === "S") add("rect", { x: 1.5, y: 1.5, width: 11, height: 11 });
    else add("circle", { cx: 7, cy: 7, r: 5.5 });
    const letter = shape("text", { x: 7, y: 10, "text-anchor": "middle", class: "ml4t-live-letter" });
    letter.textContent = mark;
    svg.append(letter);
  } else {
    const isDotted = mark === "dotted";
    const box = { x: 0.5, y: 0.5, width: 17, height: 11 };
    const ground = shape("rect", { ...box, stroke: "none" });
    ground.style.fill = stroke;
    ground.style.opacity = "0.16";
    svg.append(ground);
    if (isDotted) add("rect", { x: 6.5, y: 3.5, width: 5, height: 5 });
    else if (WAYS[mark]) add("path", { d: WAYS[mark], "stroke-width": 0.8 });
    add("rect", { ...box, "stroke-dasharray": isDotted ? "2 2" : "none" });
  }
  return svg;
}

function legendEntry({ mark, token, label, value, percent: share, sign: way }) {
  const entry = made("span", "ml4t-live-entry");
  entry.append(sign(mark, token), made("span", "", label));
  if (value) entry.append(made("b", "", value));
  if (share) entry.append(made("span", `ml4t-live-${way}`, share));
  return entry;
}
