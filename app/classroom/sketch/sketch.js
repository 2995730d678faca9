// Draw a curve with a finger, a mouse or the keys. The value is a list of heights, evenly spaced; null where nothing was
// drawn yet. It is sent when the finger lifts, and half a second after the last key.
const LEFT = 46, RIGHT = 14, TOP = 12, BOTTOM = 40, HEIGHT = 260
const held = new WeakMap()

export default function (component) {
  const { parentElement, data, setStateValue } = component
  const root = parentElement
  const box = root.querySelector(".sketch"), svg = root.querySelector("svg")
  const hint = root.querySelector(".hint"), said = root.querySelector(".said")
  const { axis, name, locked } = data
  const count = axis.points
  let state = held.get(root)
  if (!state || state.name !== name) {
    state = { name, heights: data.value ? [...data.value] : Array(count).fill(null), at: 0, last: null }
    held.set(root, state)
  }
  const width = () => Math.max(200, box.clientWidth)
  const x = (i) => LEFT + ((width() - LEFT - RIGHT) * i) / (count - 1)
  const y = (v) => TOP + ((HEIGHT - TOP - BOTTOM) * (axis.high - v)) / (axis.high - axis.low)
  const step = (i) => axis.start + ((axis.end - axis.start) * i) / (count - 1)
  const bound = (v) => Math.min(axis.high, Math.max(axis.low, v))
  const whole = () => state.heights.every((v) => v !== null)
  const element = (kind, attributes, words) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", kind)
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
    if (words !== undefined) made.textContent = words
    svg.append(made)
  }

  function draw() {
    svg.replaceChildren()
    const right = width() - RIGHT, floor = HEIGHT - BOTTOM
    for (let i = 0; i <= 4; i++) {
      const value = axis.low + ((axis.high - axis.low) * i) / 4
      element("line", { class: "grid", x1: LEFT, x2: right, y1: y(value), y2: y(value) })
      element("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, +value.toPrecision(3))
    }
    element("line", { class: "axis", x1: LEFT, x2: LEFT, y1: TOP, y2: floor })
    for (const i of [0, (count - 1) / 2, count - 1])
      element("text", { x: x(i), y: floor + 16, "text-anchor": i === count - 1 ? "end" : "middle" }, +step(i).toPrecision(4))
    element("text", { x: (LEFT + right) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, axis.across)
    element("text", { x: LEFT + 6, y: TOP + 8 }, axis.unit ? `${axis.name} (${axis.unit})` : axis.name)
    let path = "", pen = false
    state.heights.forEach((v, i) => {
      if (v === null) { pen = false; return }
      path += `${pen ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`
      pen = true
    })
    if (path) element("path", { class: "curve", d: path })
    if (!locked && root.activeElement === box || document.activeElement === box)
      element("circle", { class: "here", r: 7, cx: x(state.at), cy: y(state.heights[state.at] ?? (axis.low + axis.high) / 2) })
    hint.textContent = locked ? "" : whole() ? "Draw over it to change it." :
      "Draw from the left edge to the right with a finger or the mouse; or use the arrow keys."
  }

  const send = () => setStateValue("curve", whole() ? state.heights.map((v) => Math.round(v * 1000) / 1000) : null)

  function put(i, v) {
    const value = bound(v)
    if (state.last !== null && Math.abs(state.last.i - i) > 1) {
      const { i: from, v: was } = state.last, toward = Math.sign(i - from)
      for (let k = from; k !== i; k += toward) state.heights[k] = was + ((value - was) * (k - from)) / (i - from)
    }
    state.heights[i] = value
    state.last = { i, v: value }
  }

  function touch(event) {
    const place = svg.getBoundingClientRect()
    const across = (event.clientX - place.left - LEFT) / (width() - LEFT - RIGHT)
    const down = (event.clientY - place.top - TOP) / (HEIGHT - TOP - BOTTOM)
    state.at = Math.round(Math.min(1, Math.max(0, across)) * (count - 1))
    put(state.at, axis.high - down * (axis.high - axis.low))
    draw()
  }

  // What a short stroke left open at the ends is filled with the nearest height.
  function fill() {
    const drawn = state.heights.map((v, i) => [v, i]).filter(([v]) => v !== null)
    if (drawn.length < count / 2) return
    state.heights = state.heights.map((v, i) =>
      v !== null ? v : drawn.reduce((best, one) => (Math.abs(one[1] - i) < Math.abs(best[1] - i) ? one : best))[0])
  }

  let timer = null
  box.setAttribute("aria-label", `${axis.name} over ${axis.across}. Left and right choose a place, up and down its height.`)
  box.onfocus = box.onblur = draw
  if (locked) { box.onpointerdown = box.onpointermove = box.onpointerup = box.onkeydown = null } else {
    box.onpointerdown = (event) => { box.setPointerCapture(event.pointerId); state.last = null; touch(event) }
    box.onpointermove = (event) => { if (event.buttons) touch(event) }
    box.onpointerup = box.onpointercancel = () => { state.last = null; fill(); draw(); send() }
    box.onkeydown = (event) => {
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key]
      if (!moves) return
      event.preventDefault()
      event.stopPropagation()
      const here = state.heights[state.at] ?? (axis.low + axis.high) / 2
      state.heights[state.at] = here
      state.at = Math.min(count - 1, Math.max(0, state.at + moves[0]))
      state.heights[state.at] = moves[0] ? state.heights[state.at] ?? here : bound(here + (moves[1] * (axis.high - axis.low)) / 20)
      said.textContent = `${axis.across} ${+step(state.at).toPrecision(4)}: ${state.heights[state.at].toFixed(0)} ${axis.unit}`
      draw()
      clearTimeout(timer)
      timer = setTimeout(() => { fill(); draw(); send() }, 500)
    }
  }
  const watch = new ResizeObserver(draw)
  watch.observe(box)
  draw()
  return () => { watch.disconnect(); clearTimeout(timer) }
}
