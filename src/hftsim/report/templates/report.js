"use strict";
(function () {
  const block = JSON.parse(document.getElementById("report-data").textContent);
  const pageRows = 25;

  function drawCharts() {
    const settings = { responsive: true, displaylogo: false,
      modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] };
    for (const place of document.querySelectorAll("[data-chart]")) {
      const chart = block.charts[place.dataset.chart];
      Plotly.newPlot(place, chart.data, chart.layout, settings);
    }
  }

  function sortKey(text, kind) {
    if (kind !== "number") return text;
    const value = parseFloat(text.replace(/−/g, "-").replace(/[,+]/g, ""));
    return Number.isNaN(value) ? -Infinity : value;
  }

  function makeTable(holder) {
    const table = block.tables[holder.dataset.table];
    const body = holder.querySelector("tbody");
    const heads = Array.from(holder.querySelectorAll("th"));
    const search = holder.querySelector("input");
    const where = holder.querySelector(".where");
    const [back, next] = holder.querySelectorAll(".turn");
    let rows = table.rows, page = 0, column = -1, upward = true;

    function draw() {
      const pages = Math.max(1, Math.ceil(rows.length / pageRows));
      page = Math.min(Math.max(page, 0), pages - 1);
      const start = page * pageRows;
      const shown = rows.slice(start, start + pageRows);
      body.replaceChildren(...shown.map(function (cells) {
        const line = document.createElement("tr");
        cells.forEach(function (text, place) {
          const cell = document.createElement("td");
          cell.className = table.columns[place].kind;
          cell.textContent = text;
          line.append(cell);
        });
        return line;
      }));
      where.textContent = rows.length
        ? `${start + 1} to ${start + shown.length} of ${rows.length.toLocaleString("en")}` : "no rows";
      back.disabled = page === 0;
      next.disabled = page === pages - 1;
    }

    function arrange() {
      const wanted = search.value.trim().toLowerCase();
      rows = wanted
        ? table.rows.filter((cells) => cells.some((text) => text.toLowerCase().includes(wanted)))
        : table.rows.slice();
      if (column >= 0) {
        const kind = table.columns[column].kind;
        const keyed = rows.map((cells) => [sortKey(cells[column], kind), cells]);
        keyed.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) * (upward ? 1 : -1));
        rows = keyed.map((pair) => pair[1]);
      }
      page = 0;
      draw();
    }

    heads.forEach(function (head, place) {
      head.querySelector("button").addEventListener("click", function () {
        upward = column === place ? !upward : true;
        column = place;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", upward ? "ascending" : "descending");
        arrange();
      });
    });
    search.addEventListener("input", arrange);
    back.addEventListener("click", function () { page -= 1; draw(); });
    next.addEventListener("click", function () { page += 1; draw(); });
    draw();
  }

  function fitCharts() {
    for (const place of document.querySelectorAll("[data-chart]")) Plotly.Plots.resize(place);
  }

  drawCharts();
  document.querySelectorAll("[data-table]").forEach(makeTable);
  window.addEventListener("beforeprint", fitCharts);
  window.addEventListener("afterprint", fitCharts);
  document.documentElement.dataset.ready = "yes";
})();
