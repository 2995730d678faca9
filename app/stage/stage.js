// Paints frames of app/views/stage.py: a lane for every memory, which glows when it writes, and the sample on its way.
// Between two frames only the picture moves: ticks slide to where the last step puts them, and a glow fades.

const SAMPLE = 112 // px for the sample at the left, on a wide screen
const NAME = 92, DIAL = 30, MAP = 120 // px of a lane for its name, its clock and its memory
const HEAD = 26, LANE = 36, GAP = 8 // px
const PAINT = 33 // ms between two pictures, at least
const GLOW = 450 // ms until the glow of a write has faded
const RISE = [213, 94, 0], FALL = [0, 114, 178] // positive and negative weights, as in app/theme.py
const GOOD = "#009E73", BAD = "#D55E00"

const still = matchMedia("(prefers-reduced-motion: reduce)")

function bytes(text) {
  return Int8Array.from(atob(text), c => c.charCodeAt(0))
}

// A sentence with values in its braces.
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name])
}

// A matrix as an image: colour is sign, strength is size.
function bitmap({ rows, columns, held }) {
  const image = new OffscreenCanvas(Math.max(1, columns), Math.max(1, rows)), ctx = image.getContext("2d")
  const pixels = ctx.createImageData(image.width, image.height)
  bytes(held).forEach((value, i) => {
    pixels.data.set([...(value < 0 ? FALL : RISE), 12 + Math.abs(value) * 1.9], 4 * i)
  })
  ctx.putImageData(pixels, 0, 0)
  return image
}

// Outline of the cells that changed most with the last write.
function touched({ rows, columns, moved }) {
  if (!moved) return []
  const cells = [...bytes(moved).entries()].map(([i, value]) => [Math.abs(value), i])
  const least = Math.max(40, cells.map(c => c[0]).sort((a, b) => b - a)[Math.min(24, cells.length - 1)])
  return cells.filter(([size]) => size >= least).map(([, i]) => [i % columns, Math.floor(i / columns)])
}

class Stage {
  constructor(root) {
    this.root = root
    this.canvas = root.querySelector("canvas")
    this.tip = root.querySelector(".tip")
    this.shown = null // the step that the lanes have slid to
    this.maps = new Map() // "learner lane" -> {image, cells, at}
    this.glow = new Map() // "learner lane" -> [step of the last write, when it came]
    this.canvas.onpointermove = this.canvas.onpointerdown = event => this.point(event)
    this.canvas.onpointerleave = () => { this.tip.hidden = true }
    new ResizeObserver(() => this.draw()).observe(root)
  }

  // Newer frames from the server while something moves there.
  listen(url) {
    if (url === this.url) return
    this.source?.close()
    this.url = url
    if (!url) return
    this.source = new EventSource(url)
    this.source.onmessage = event => this.take(JSON.parse(event.data))
    this.source.addEventListener("end", () => this.source.close())
  }

  take(frame) {
    if (this.frame && frame.step < this.frame.step && frame.total === this.frame.total && performance.now() - this.came < 400) {
      if (this.source && this.source.readyState === 1) return // a rerun of the page is older than the last event
    }
    const now = performance.now()
    this.came = now
    frame.learners.forEach((learner, i) => learner.lanes.forEach((lane, j) => {
      const key = `${i} ${j}`, last = lane.writes.at(-1)?.[0] ?? 0
      if (lane.memory && this.maps.get(key)?.at !== lane.memory.at) {
        this.maps.set(key, { image: bitmap(lane.memory), cells: touched(lane.memory), ...lane.memory })
      }
      if (last > (this.glow.get(key)?.[0] ?? 0)) this.glow.set(key, [last, now])
      else if (last < (this.glow.get(key)?.[0] ?? 0)) this.glow.set(key, [last, 0])
    }))
    const far = this.shown === null || Math.abs(frame.step - this.shown) > frame.window
    if (far || still.matches) this.shown = frame.step
    this.frame = frame
    const style = getComputedStyle(this.root)
    this.ink = style.color
    this.family = style.fontFamily
    this.root.dataset.step = frame.step
    this.root.dataset.frames = Number(this.root.dataset.frames ?? 0) + 1
    this.move()
  }

  move() {
    if (this.moving) return
    this.moving = true
    let before = 0
    const tick = now => {
      if (now - before < PAINT) return requestAnimationFrame(tick)
      const rest = this.frame.step - this.shown
      this.shown = Math.abs(rest) < 0.02 ? this.frame.step : this.shown + rest * Math.min(1, (now - before) / 90)
      before = now
      this.draw()
      const glowing = [...this.glow.values()].some(([, came]) => now - came < GLOW)
      this.moving = this.root.isConnected && (this.shown !== this.frame.step || glowing)
      if (this.moving) requestAnimationFrame(tick)
    }
    requestAnimationFrame(tick)
  }

  // Where everything stands, for this width.
  layout() {
    const width = this.root.clientWidth, wide = width >= 640
    const left = wide ? SAMPLE + 34 : 0
    let top = wide ? 0 : this.frame.sample ? 74 : 0
    const blocks = this.frame.learners.map(learner => {
      const block = { top, lanes: learner.lanes.map((_, j) => top + HEAD + j * LANE) }
      top += HEAD + learner.lanes.length * LANE + GAP
      return block
    })
    const map = wide ? MAP : 70
    const name = left + (wide ? NAME : 74), from = name + DIAL, to = width - map - 14
    return { width, wide, left, name, from, to, map, blocks, height: Math.max(top, wide && this.frame.sample ? 190 : 0) }
  }

  draw() {
    if (!this.frame || !this.root.clientWidth) return
    const at = this.layout(), ratio = devicePixelRatio || 1, canvas = this.canvas
    if (canvas.width !== Math.round(at.width * ratio) || canvas.height !== Math.round(at.height * ratio)) {
      canvas.width = Math.round(at.width * ratio)
      canvas.height = Math.round(at.height * ratio)
      canvas.style.height = `${at.height}px`
    }
    const ctx = canvas.getContext("2d")
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
    ctx.clearRect(0, 0, at.width, at.height)
    if (this.frame.sample) this.sample(ctx, at)
    this.frame.learners.forEach((learner, i) => this.learner(ctx, at, learner, i))
  }

  write(ctx, words, x, y, { size = 12, weight = 400, align = "left", colour = this.ink, alpha = 1 } = {}) {
    ctx.font = `${weight} ${size}px ${this.family}`
    ctx.textAlign = align
    ctx.fillStyle = colour
    ctx.globalAlpha = alpha
    ctx.fillText(words, x, y)
    ctx.globalAlpha = 1
  }

  sample(ctx, { wide, height, blocks }) {
    const { sample, task } = this.frame, side = wide ? 88 : 48
    const top = wide ? Math.max(24, height / 2 - 70) : 18
    if (task) this.write(ctx, task.name.slice(0, 22), 0, top - 8, { weight: 600, colour: task.colour })
    if (sample.image) {
      const cells = bytes(sample.image), cell = side / 8
      cells.forEach((value, i) => {
        ctx.globalAlpha = 0.04 + 0.96 * value / 16
        ctx.fillStyle = this.ink
        ctx.fillRect((i % 8) * cell, top + Math.floor(i / 8) * cell, cell - 0.5, cell - 0.5)
      })
      ctx.globalAlpha = 1
    } else {
      const line = wide ? 14 : 40
      for (let i = 0, row = 0; i < sample.text.length; i += line, row++) {
        ctx.font = "13px monospace"
        ctx.textAlign = "left"
        ctx.fillStyle = this.ink
        ctx.fillText(sample.text.slice(i, i + line).replaceAll("\n", "⏎"), 0, top + 14 + row * 18)
      }
    }
    const below = top + (sample.image ? side : wide ? 62 : 36)
    this.write(ctx, fill(sample.image ? this.words.is : this.words.next, { truth: sample.truth ?? "?" }), wide ? 0 : 60, wide ? below + 18 : top + 30, { size: 14, weight: 600 })
    if (!wide) return
    // The way of the sample to every learner; a dot runs along it while steps go by.
    const phase = still.matches ? 1 : (this.shown % 4) / 4
    blocks.forEach(block => {
      const y = block.lanes[0] + LANE / 2, x0 = SAMPLE - 14, x1 = SAMPLE + 22, y0 = top + 44
      ctx.strokeStyle = this.ink
      ctx.globalAlpha = 0.35
      ctx.lineWidth = 1.5
      ctx.beginPath()
      ctx.moveTo(x0, y0)
      ctx.bezierCurveTo(x0 + 20, y0, x1 - 20, y, x1, y)
      ctx.lineTo(x1 - 5, y - 4)
      ctx.moveTo(x1, y)
      ctx.lineTo(x1 - 5, y + 4)
      ctx.stroke()
      ctx.globalAlpha = 1
      if (this.shown === this.frame.step) return
      const t = phase, u = 1 - t, mix = (a, b, c, d) => u ** 3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t ** 3 * d
      ctx.fillStyle = this.frame.task?.colour ?? this.ink
      ctx.beginPath()
      ctx.arc(mix(x0, x0 + 20, x1 - 20, x1), mix(y0, y0, y, y), 4, 0, 7)
      ctx.fill()
    })
  }

  learner(ctx, at, learner, i) {
    const { top, lanes } = at.blocks[i], { sample } = this.frame
    this.write(ctx, learner.name, at.left, top + 18, { size: 15, weight: 600 })
    if (learner.guess !== null && sample) {
      const right = learner.guess === sample.truth
      const x = at.left + ctx.measureText(learner.name).width + 12
      const says = `${fill(this.words.says, learner)} ${right ? "✓" : "✗"}`
      this.write(ctx, says, x, top + 18, { size: 14, weight: 600, colour: right ? GOOD : BAD })
      this.write(ctx, fill(this.words.score, learner), at.to, top + 18, { align: "right", alpha: 0.75 })
    }
    if (i === 0) this.write(ctx, at.wide ? this.words.outlined : this.words.memory, at.width, top + 18, { size: 11, align: "right", alpha: 0.75 })
    learner.lanes.forEach((lane, j) => this.lane(ctx, at, lane, `${i} ${j}`, lanes[j]))
  }

  lane(ctx, { left, name, from, to, width, map }, lane, key, top) {
    const { step, window, task } = this.frame, colour = task?.colour ?? this.ink
    const middle = top + LANE / 2, floor = top + LANE - 6
    const [last, came] = this.glow.get(key) ?? [0, 0]
    const glow = still.matches ? Number(last === step) : Math.max(0, 1 - (performance.now() - came) / GLOW)
    ctx.fillStyle = colour
    ctx.globalAlpha = 0.06 + 0.2 * glow
    ctx.beginPath()
    ctx.roundRect(left, top + 2, to - left, LANE - 4, 6)
    ctx.fill()
    ctx.globalAlpha = 1
    this.write(ctx, lane.name, left + 8, middle + 4, { weight: glow > 0 ? 600 : 400 })
    this.dial(ctx, name + 8, middle, lane.period, glow, colour)

    // The past slides to the left; now is the right edge.
    ctx.save()
    ctx.beginPath()
    ctx.rect(from, top, to - from, LANE)
    ctx.clip()
    const px = (to - from - 8) / window
    ctx.fillStyle = this.ink
    for (const [when, size] of lane.writes) {
      const x = to - 6 - (this.shown - when) * px, tall = 3 + (LANE - 14) * Math.sqrt(size)
      ctx.globalAlpha = when === step ? 1 : 0.75
      ctx.fillRect(x - Math.max(1, Math.min(2, px / 2)), floor - tall, Math.max(1, Math.min(4, px * 0.6)), tall)
    }
    ctx.globalAlpha = 0.25
    ctx.fillRect(from, floor, to - from, 1)
    ctx.restore()

    const held = this.maps.get(key)
    if (!held) return
    ctx.imageSmoothingEnabled = false
    const x = width - map, y = top + 2, tall = LANE - 4
    ctx.drawImage(held.image, x, y, map, tall)
    ctx.strokeStyle = this.ink
    ctx.lineWidth = 1
    const w = map / held.columns, h = tall / held.rows
    ctx.globalAlpha = 0.9
    for (const [c, r] of held.cells) ctx.strokeRect(x + c * w + 0.25, y + r * h + 0.25, Math.max(1, w - 0.5), Math.max(1, h - 0.5))
    ctx.globalAlpha = 0.25 + 0.75 * glow
    ctx.strokeStyle = glow > 0 ? colour : this.ink
    ctx.lineWidth = 1 + glow
    ctx.strokeRect(x - 0.5, y - 0.5, map + 1, tall + 1)
    ctx.globalAlpha = 1
  }

  // How far the window is on its way to the next write.
  dial(ctx, x, y, period, glow, colour) {
    const part = period ? (this.shown % period) / period : 1
    ctx.strokeStyle = this.ink
    ctx.lineWidth = 1.5
    ctx.globalAlpha = 0.35
    ctx.beginPath()
    ctx.arc(x, y, 8, 0, 7)
    ctx.stroke()
    ctx.globalAlpha = 1
    ctx.fillStyle = colour
    ctx.beginPath()
    ctx.moveTo(x, y)
    ctx.arc(x, y, 6.5 + 2 * glow, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * (glow > 0.5 || period <= 1 ? 1 : part))
    ctx.fill()
  }

  // What is under the mouse, in words.
  point({ offsetX: px, offsetY: py }) {
    const at = this.layout(), words = this.told(at, px, py)
    this.tip.hidden = !words
    if (!words) return
    this.tip.textContent = words
    this.tip.style.left = `${Math.max(0, Math.min(px + 12, at.width - this.tip.offsetWidth - 4))}px`
    this.tip.style.top = `${py + 16}px`
  }

  told(at, px, py) {
    for (const [i, { lanes }] of at.blocks.entries()) {
      for (const [j, top] of lanes.entries()) {
        if (py < top || py >= top + LANE || px < at.left) continue
        const lane = this.frame.learners[i].lanes[j], held = this.maps.get(`${i} ${j}`)
        if (px > at.width - at.map && held) {
          const c = Math.floor((px - at.width + at.map) / at.map * held.columns), r = Math.floor((py - top) / LANE * held.rows)
          const value = bytes(held.held)[r * held.columns + c]
          const values = { name: lane.name, row: r, column: c, step: held.at, percent: Math.round(100 * value / 127) }
          return fill(this.words.cell, values)
        }
        const last = lane.writes.at(-1)
        const clock = this.words[["every token", "every step"][lane.period] ?? "every nth step"]
        const wrote = last ? fill(this.words.last, { step: last[0], percent: Math.round(100 * last[1]) }) : this.words.none
        return `${fill(clock, lane)} ${wrote}`
      }
    }
    return null
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".stage")
  root.stage ??= new Stage(root)
  root.querySelector("canvas").setAttribute("aria-label", data.alt)
  root.stage.words = data.words
  root.stage.listen(data.url)
  root.stage.take(data.frame)
  return () => {
    if (!root.isConnected) root.stage.source?.close()
  }
}
