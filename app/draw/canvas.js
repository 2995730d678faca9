// The place to draw. It sends strokes (points as shares of the canvas) or cells, and shows the image that came of them.
const SIDE = 8, INK = 0.075, FAR = 0.008 // width of a line and distance between points, as shares of the canvas

function build(root) {
  const canvas = root.querySelector("canvas"), grid = root.querySelector(".grid"), size = canvas.width
  const clear = root.querySelector(".clear")
  const pen = canvas.getContext("2d")
  const pad = { strokes: [], image: Array(SIDE * SIDE).fill(0), drawing: false, send: () => {}, cells: [] }

  function line(a, b) {
    pen.strokeStyle = getComputedStyle(canvas).color
    pen.lineWidth = INK * size
    pen.lineCap = pen.lineJoin = "round"
    pen.beginPath()
    pen.moveTo(a[0] * size, a[1] * size)
    pen.lineTo(b[0] * size, b[1] * size)
    pen.stroke()
  }

  function paint() {
    pen.clearRect(0, 0, size, size)
    if (pad.strokes.length) {
      for (const stroke of pad.strokes) stroke.forEach((point, i) => line(stroke[Math.max(i - 1, 0)], point))
      return
    }
    pen.fillStyle = getComputedStyle(canvas).color
    pad.image.forEach((value, i) => {
      pen.globalAlpha = value
      pen.fillRect((i % SIDE) * size / SIDE, Math.floor(i / SIDE) * size / SIDE, size / SIDE, size / SIDE)
    })
    pen.globalAlpha = 1
  }

  function shade() {
    pad.cells.forEach((cell, i) => {
      const dark = Math.round(100 * pad.image[i])
      cell.style.background = `color-mix(in srgb, var(--st-text-color) ${dark}%, var(--st-background-color))`
      cell.setAttribute("aria-pressed", String(pad.image[i] >= 0.5))
    })
  }

  function point(event) {
    const box = canvas.getBoundingClientRect()
    const share = (x, low, length) => Math.min(1, Math.max(0, (x - low) / length))
    return [share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height)]
      .map((x) => Math.round(1000 * x) / 1000)
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return
    canvas.setPointerCapture(event.pointerId)
    if (!pad.strokes.length) pen.clearRect(0, 0, size, size)
    pad.drawing = true
    pad.strokes.push([point(event)])
    line(pad.strokes.at(-1)[0], pad.strokes.at(-1)[0])
    event.preventDefault()
  })
  canvas.addEventListener("pointermove", (event) => {
    if (!pad.drawing) return
    const stroke = pad.strokes.at(-1), next = point(event), last = stroke.at(-1)
    if (Math.hypot(next[0] - last[0], next[1] - last[1]) < FAR) return
    stroke.push(next)
    line(last, next)
  })
  const lift = () => {
    if (!pad.drawing) return
    pad.drawing = false
    pad.send({ strokes: pad.strokes })
  }
  canvas.addEventListener("pointerup", lift)
  canvas.addEventListener("pointercancel", lift)

  function edited(image) {
    pad.strokes = []
    pad.image = image
    shade()
    paint()
    pad.send({ cells: image })
  }

  for (let i = 0; i < SIDE * SIDE; i++) {
    const cell = document.createElement("button")
    cell.type = "button"
    cell.className = "cell"
    cell.tabIndex = i ? -1 : 0
    cell.addEventListener("click", () => edited(pad.image.map((x, j) => (j === i ? (x >= 0.5 ? 0 : 1) : x))))
    cell.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -SIDE, ArrowDown: SIDE }[event.key]
      if (event.key === " " || event.key === "Enter" || step) event.stopPropagation() // not the page's shortcuts
      if (!step) return
      event.preventDefault()
      const next = i + step, sideways = Math.abs(step) === 1
      const off = next < 0 || next >= SIDE * SIDE
      if (off || (sideways && Math.floor(next / SIDE) !== Math.floor(i / SIDE))) return
      cell.tabIndex = -1
      pad.cells[next].tabIndex = 0
      pad.cells[next].focus()
    })
    grid.append(cell)
    pad.cells.push(cell)
  }
  clear.addEventListener("click", () => edited(Array(SIDE * SIDE).fill(0)))

  function say(words) {
    canvas.setAttribute("aria-label", words.canvas)
    grid.setAttribute("aria-label", words.cells)
    clear.textContent = words.clear
    pad.cells.forEach((cell, i) => {
      const place = words.cell.replace("{row}", Math.floor(i / SIDE) + 1).replace("{column}", (i % SIDE) + 1)
      cell.setAttribute("aria-label", place)
    })
  }

  pad.show = ({ image, drawn, words }) => {
    say(words)
    if (pad.drawing) return // an answer to an earlier stroke; the next one is on its way
    if (!drawn) pad.strokes = []
    pad.image = image
    shade()
    paint()
  }
  return pad
}

export default function ({ data, parentElement, setStateValue }) {
  const pad = (parentElement.pad ??= build(parentElement))
  pad.send = (drawing) => setStateValue("drawing", drawing)
  pad.show(data)
}
