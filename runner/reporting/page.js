"use strict";

// Tables: a press on a header sorts by its column, again the other way round; what is missing stays last.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => [row, row.cells[column].dataset.key]);
    const order = (a, b) => {
      const [x, y] = [Number(a), Number(b)];
      return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
    };
    rows.sort(([, a], [, b]) => a === undefined || b === undefined
      ? (a === undefined) - (b === undefined)
      : (down ? -1 : 1) * order(a, b));
    table.tBodies[0].append(...rows.map(([row]) => row));
  }));
}

// The map: a table of coloured cells where they can be read, an image where they are too many.
const source = document.getElementById("map-data");
if (source) {
  const data = JSON.parse(source.textContent);
  const find = (id) => document.getElementById("map-" + id);
  const [controls, drawn, legend, readout, caption] = ["controls", "drawn", "key", "readout", "caption"].map(find);
  const pick = (numbers, place) => (Array.isArray(numbers) ? numbers[place] : numbers);
  const count = data.axes.length ? data.axes[0].places.length : 1;
  const made = (name, text, attributes = {}) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const select = (words, options, chosen) => {
    const label = made("label", words), list = made("select");
    for (const [value, text] of options) list.append(made("option", text, { value }));
    list.value = chosen;
    list.addEventListener("change", draw);
    label.append(list);
    controls.append(label);
    return list;
  };
  const names = data.axes.map((axis, number) => [number, axis.label]);
  const across = names.length > 1 ? select("columns", names, data.across) : { value: data.across };
  const up = names.length > 1 ? select("rows", names, data.up) : { value: data.up };
  const shown = select("what is shown", [["rate", "trials converged (percent)"], ["epochs", "mean epochs to convergence"]],
    data.pooled ? "rate" : "epochs");
  const others = data.axes.map((axis, number) => names.length < 3 ? null : select(axis.label,
    [["all", "all, pooled"], ...axis.values.map((value, place) => [place, value])], data.pooled ? "all" : "0"));
  controls.hidden = false;
  let before = [across.value, up.value];
  let grid;

  function pooled() {
    const x = data.axes[across.value], y = data.axes[up.value];
    const width = x ? x.values.length : 1, height = y ? y.values.length : 1;
    const sums = { trials: new Float64Array(width * height), converged: new Float64Array(width * height), epochs: new Float64Array(width * height) };
    const fixed = others.map((list, number) => list === null || names[number][0] == across.value || number == up.value || list.value === "all" ? null : Number(list.value));
    for (let place = 0; place < count; place++) {
      if (fixed.some((value, number) => value !== null && data.axes[number].places[place] !== value)) continue;
      const cell = (y ? y.places[place] : 0) * width + (x ? x.places[place] : 0), trials = pick(data.trials, place);
      sums.trials[cell] += trials;
      sums.converged[cell] += pick(data.converged, place);
      sums.epochs[cell] += trials * (pick(data.epochs, place) ?? 0);
    }
    return { x, y, width, height, ...sums };
  }

  function value(cell) {
    return shown.value === "rate" ? 100 * grid.converged[cell] / grid.trials[cell] : grid.epochs[cell] / grid.trials[cell];
  }

  function wilson(successes, trials) {
    const z = 1.959963984540054, rate = successes / trials, shrink = 1 / (1 + z * z / trials);
    const centre = (rate + z * z / (2 * trials)) * shrink;
    const half = z * shrink * Math.sqrt(rate * (1 - rate) / trials + (z / (2 * trials)) ** 2);
    return [rate === 0 ? 0 : centre - half, rate === 1 ? 1 : centre + half].map((end) => (100 * end).toFixed(1));
  }

  const written = (number) => shown.value === "rate" ? number.toFixed(1) : Math.round(number).toLocaleString("en");

  function words(cell) {
    const [row, column] = [Math.floor(cell / grid.width), cell % grid.width];
    const where = [[grid.x, column], [grid.y, row]].filter(([axis]) => axis).map(([axis, place]) => `${axis.label} ${axis.values[place]}`);
    if (!grid.trials[cell]) return `${where.join(", ")}: no trials`;
    const [low, high] = wilson(grid.converged[cell], grid.trials[cell]);
    const said = `${grid.converged[cell].toLocaleString("en")} of ${grid.trials[cell].toLocaleString("en")} converged` +
      (grid.trials[cell] > 1 ? ` (${low} to ${high} percent)` : "");
    const epochs = grid.converged[cell] ? `, ${Math.round(grid.epochs[cell] / grid.trials[cell]).toLocaleString("en")} epochs in the mean` : "";
    return `${where.join(", ")}: ${said}${epochs}`;
  }

  function scale() {
    if (shown.value === "rate") return [0, 100];
    let [low, high] = [Infinity, -Infinity];
    for (let cell = 0; cell < grid.trials.length; cell++) {
      if (!grid.converged[cell]) continue;
      [low, high] = [Math.min(low, value(cell)), Math.max(high, value(cell))];
    }
    return low > high ? [0, 1] : [low, high];
  }

  function colour(cell, [low, high]) {
    if (!grid.trials[cell]) return "#9a9a9a";
    if (!grid.converged[cell]) return "#000000";
    let share = high > low ? (value(cell) - low) / (high - low) : 0.5;
    if (shown.value === "epochs") share = 1 - share;
    return data.colours[Math.round((0.2 + 0.8 * share) * (data.colours.length - 1))];
  }

  const bright = (hex) => {
    const [r, g, b] = [1, 3, 5].map((at) => (parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18;
  };

  function asTable(ends) {
    const box = made("div", undefined, { class: "box cells", tabindex: 0, role: "region", "aria-label": "Map" });
    const table = made("table"), body = table.createTBody();
    let head = table.createTHead().insertRow();
    if (grid.x) {
      head.append(made("td", grid.y ? grid.y.label + " ↓" : "", { class: "corner", rowspan: 2 }));
      head.append(made("th", grid.x.label + " →", { class: "corner", colspan: grid.width, scope: "colgroup" }));
      head = table.tHead.insertRow();
    } else head.append(made("td", grid.y.label + " ↓", { class: "corner" }));
    for (const text of grid.x ? grid.x.values : [""]) head.append(made("th", text, { scope: "col" }));
    for (let row = 0; row < grid.height; row++) {
      const line = body.insertRow();
      line.append(made("th", grid.y ? grid.y.values[row] : "all trials", { scope: "row" }));
      for (let column = 0; column < grid.width; column++) {
        const cell = row * grid.width + column, fill = colour(cell, ends), at = line.insertCell();
        at.style.background = fill;
        at.style.color = bright(fill) ? "#000" : "#fff";
        if (!grid.trials[cell]) at.append("no trials");
        else if (shown.value === "epochs" && !grid.converged[cell]) at.append("none");
        else at.append(written(value(cell)));
        if (shown.value === "rate" && grid.trials[cell]) at.append(made("small", wilson(grid.converged[cell], grid.trials[cell]).join("–")));
      }
    }
    box.append(table);
    return box;
  }

  function asImage(ends) {
    const block = made("div", undefined, { class: "image" });
    const canvas = made("canvas", undefined, { width: grid.width, height: grid.height, role: "img", tabindex: 0 });
    const context = canvas.getContext("2d"), image = context.createImageData(grid.width, grid.height);
    for (let cell = 0; cell < grid.trials.length; cell++) {
      const fill = colour(cell, ends), row = grid.height - 1 - Math.floor(cell / grid.width);
      const at = 4 * (row * grid.width + cell % grid.width);
      for (const channel of [0, 1, 2]) image.data[at + channel] = parseInt(fill.slice(1 + 2 * channel, 3 + 2 * channel), 16);
      image.data[at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    canvas.style.aspectRatio = Math.min(Math.max(grid.width / grid.height, 0.75), 3);
    let cursor = 0;
    const say = (cell) => { cursor = cell; readout.textContent = words(cell); };
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      const column = Math.floor(grid.width * (event.clientX - box.left) / box.width);
      const row = grid.height - 1 - Math.floor(grid.height * (event.clientY - box.top) / box.height);
      if (column >= 0 && column < grid.width && row >= 0 && row < grid.height) say(row * grid.width + column);
    });
    canvas.addEventListener("keydown", (event) => {
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
      if (!dx && !dy) return;
      event.preventDefault();
      const column = Math.min(Math.max(cursor % grid.width + dx, 0), grid.width - 1);
      const row = Math.min(Math.max(Math.floor(cursor / grid.width) + dy, 0), grid.height - 1);
      say(row * grid.width + column);
    });
    const ticks = (axis, name) => {
      const line = made("div", undefined, { class: name, "aria-hidden": "true" }), last = axis ? axis.values.length - 1 : 0;
      for (const place of new Set([0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last)))) line.append(made("span", axis ? axis.values[place] : ""));
      return line;
    };
    block.append(made("div", grid.y ? "↑ " + grid.y.label : "", { class: "name-up" }), ticks(grid.y, "up"), canvas, ticks(grid.x, "across"),
      made("div", (grid.x ? grid.x.label : "") + " →", { class: "name" }));
    return block;
  }

  function draw() {
    if (names.length > 1 && across.value === up.value) [across.value, up.value] = across.value === before[0] ? [before[1], up.value] : [across.value, before[0]];
    before = [across.value, up.value];
    others.forEach((list, number) => { if (list) list.parentElement.hidden = number == across.value || number == up.value; });
    grid = pooled();
    readout.textContent = "";
    const ends = scale(), cells = grid.width * grid.height;
    drawn.replaceChildren(grid.width <= 16 && cells <= 400 ? asTable(ends) : asImage(ends));
    const none = grid.converged.reduce((total, number, cell) => total + (!number && grid.trials[cell] > 0), 0);
    const what = shown.value === "rate" ? "percent of trials that converged" : "mean epochs to convergence, a trial that did not converge counting as its budget";
    const canvas = drawn.querySelector("canvas");
    const axes = [grid.x, grid.y].filter(Boolean).map((axis) => axis.label).join(" and ");
    const told = `Map of ${cells.toLocaleString("en")} cells over ${axes || "all trials"}: ${what}; in ${none.toLocaleString("en")} cells no trial converged.`;
    if (canvas) canvas.setAttribute("aria-label", told + " The arrow keys go from cell to cell.");
    else drawn.firstElementChild.setAttribute("aria-label", told);
    const rest = others.map((list, number) => list && !list.parentElement.hidden ? `${data.axes[number].label}: ${list.selectedOptions[0].text}` : "").filter(Boolean);
    const uneven = [grid.x, grid.y].some((axis) => axis && !axis.scaled) ? " Cells stand side by side, not to scale." : "";
    caption.textContent = what[0].toUpperCase() + what.slice(1) + (canvas || shown.value !== "rate" ? "" : ", with Wilson's 95 percent interval") +
      (rest.length ? `; ${rest.join("; ")}` : "") + "." + uneven;
    const bar = made("span", undefined, { class: "bar" });
    const shades = data.colours.slice(Math.round(0.2 * (data.colours.length - 1)));
    bar.style.background = `linear-gradient(to right, ${(shown.value === "epochs" ? shades.reverse() : shades).join(",")})`;
    const parts = [made("span", written(ends[0]) + " "), bar, made("span", " " + written(ends[1]))];
    const ramp = made("span");
    ramp.append(...parts);
    legend.replaceChildren(ramp, ...[["#000000", "no trial converged", none], ["#9a9a9a", "no trials", grid.trials.some((number) => !number)]]
      .filter(([, , there]) => there).map(([fill, text]) => {
        const entry = made("span"), dot = made("span", undefined, { class: "dot" });
        dot.style.background = fill;
        entry.append(dot, text);
        return entry;
      }));
    legend.hidden = false;
  }
  draw();
}
