// Draw a curve with a finger, a mouse or the keys. The value is a list of heights, from left to right; null where not
// all of it was drawn yet. It is sent when the finger lifts, soon after the last key, and when the focus leaves.
const LEFT = 46, RIGHT = 14, TOP = 28, BOTTOM = 40, HEIGHT = 276
const PATIENCE = 300 // ms after a key
const held = new WeakMap()

export default function (component) {
  const { parentElement, data, setStateValue } = component
  const root = parentElement
  const box = root.querySelector(".sketch"), svg = root.querySelector("svg")
  const hint = root.querySelector(".hint"), said = root.querySelector(".said")
  const { axis, name, locked, words } = data
  const count = axis.points, names = axis.places
  let state = held.get(root)
  if (!state || state.name !== name) {
    state = { name, heights: data.value ? [...data.value] : Array(count).fill(null), at: 0, last: null }
    held.set(root, state)
  }
  const width = () => Math.max(200, box.clientWidth)
  const x = (i) => LEFT + ((width() - LEFT - RIGHT) * i) / (count - 1)
  const y = (v) => TOP + ((HEIGHT - TOP - BOTTOM) * (axis.high - v)) / (axis.high - axis.low)
  const middle = (axis.low + axis.high) / 2
  const step = (i) => axis.start + ((axis.end - axis.start) * i) / (count - 1)
  const place = (i) => (names.length ? names[i] : String(+step(i).toPrecision(4)))
  const rounded = (v) => (axis.grain ? axis.low + axis.grain * Math.round((v - axis.low) / axis.grain) : v)
  const bound = (v) => Math.min(axis.high, Math.max(axis.low, rounded(v)))
  const whole = () => state.heights.every((v) => v !== null)
  const focused = () => root.activeElement === box || document.activeElement === box
  const element = (kind, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", kind)
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
    if (text !== undefined) made.textContent = text
    svg.append(made)
  }

  function axes() {
    const right = width() - RIGHT, floor = HEIGHT - BOTTOM
    for (let i = 0; i <= 4; i++) {
      const value = axis.low + ((axis.high - axis.low) * i) / 4
      element("line", { class: "grid", x1: LEFT, x2: right, y1: y(value), y2: y(value) })
      element("text", { x: LEFT - 11, y: y(value) + 4, "text-anchor": "end" }, +value.toPrecision(3))
    }
    element("line", { class: "axis", x1: LEFT, x2: LEFT, y1: TOP, y2: floor })
    const zero = y(bound(0))
    element("line", { class: "axis", x1: LEFT, x2: right, y1: zero, y2: zero })
    for (const i of names.length ? names.keys() : [0, (count - 1) / 2, count - 1]) {
      if (names.length) element("line", { class: "grid", x1: x(i), x2: x(i), y1: TOP, y2: floor })
      const text = place(i), anchor = i === count - 1 && text.length > 3 ? "end" : i === 0 && text.length > 8 ? "start" : "middle"
      element("text", { x: x(i) + (anchor === "end" ? RIGHT : 0), y: floor + 16, "text-anchor": anchor }, text)
    }
    element("text", { x: (LEFT + right) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, axis.across)
    element("text", { x: 2, y: 14 }, data.label)
  }

  function draw() {
    svg.replaceChildren()
    axes()
    let path = "", pen = false
    state.heights.forEach((v, i) => {
      if (v === null) { pen = false; return }
      path += `${pen ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`
      pen = true
    })
    if (path) element("path", { class: "curve", d: path })
    if (names.length) state.heights.forEach((v, i) => { if (v !== null) element("circle", { class: "place", r: 7, cx: x(i), cy: y(v) }) })
    if (!locked && focused()) element("circle", { class: "here", r: 8, cx: x(state.at), cy: y(state.heights[state.at] ?? middle) })
    hint.textContent = locked ? "" : whole() ? words.again : words.begin
  }

  const send = () => setStateValue("curve", whole() ? state.heights.map((v) => Math.round(v * 1000) / 1000) : null)

  function put(i, v) {
    const value = bound(v)
    if (state.last !== null && Math.abs(state.last.i - i) > 1) {
      const { i: from, v: was } = state.last, toward = Math.sign(i - from)
      for (let k = from + toward; k !== i; k += toward) state.heights[k] = bound(was + ((value - was) * (k - from)) / (i - from))
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

  function key(event) {
    const far = axis.grain ? 5 : 2, up = axis.grain || (axis.high - axis.low) / 20
    const moves = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], Home: [-count, 0], End: [count, 0],
      ArrowUp: [0, up], ArrowDown: [0, -up], PageUp: [0, far * up], PageDown: [0, -far * up],
    }[event.key]
    if (!moves || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    event.stopPropagation()
    const here = state.heights[state.at] ?? bound(middle)
    state.heights[state.at] = here
    const from = state.at
    state.at = Math.min(count - 1, Math.max(0, from + moves[0]))
    state.heights[state.at] = moves[0] ? state.heights[state.at] ?? here : bound(here + moves[1])
    said.textContent = told()
    draw()
    clearTimeout(timer)
    timer = setTimeout(settle, PATIENCE)
  }

  function settle() {
    timer = null
    fill()
    draw()
    send()
  }

  const told = () => {
    const v = state.heights[state.at]
    return `${axis.across} ${place(state.at)}: ${v === null ? words["not yet"] : `${+v.toFixed(1)} ${axis.unit}`}`
  }
  const heights = () => state.heights.map((v, i) => `${place(i)}: ${v === null ? words.nothing : +v.toFixed(1)}`).join(", ")
  const label = () => {
    const values = { ...axis, heights: heights() }
    return (locked ? words.locked : words.empty).replace(/\{(\w+)\}/g, (_, part) => values[part])
  }

  let timer = null
  box.classList.toggle("locked", locked)
  box.setAttribute("role", locked ? "img" : "application")
  box.tabIndex = locked ? -1 : 0
  box.setAttribute("aria-label", label())
  box.onfocus = () => { said.textContent = locked ? "" : told(); draw() }
  box.onblur = () => {
    draw()
    if (timer !== null) { clearTimeout(timer); settle() }
  }
  if (locked) { box.onpointerdown = box.onpointermove = box.onpointerup = box.onpointercancel = box.onkeydown = null } else {
    box.onpointerdown = (event) => { box.setPointerCapture(event.pointerId); state.last = null; touch(event) }
    box.onpointermove = (event) => { if (event.buttons) touch(event) }
    box.onpointerup = box.onpointercancel = () => { state.last = null; fill(); draw(); send() }
    box.onkeydown = key
  }
  const watch = new ResizeObserver(draw)
  watch.observe(box)
  draw()
  return () => { watch.disconnect(); if (timer !== null) clearTimeout(timer) }
}
