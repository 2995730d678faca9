// Handles on a logarithmic scale. A change is told when a drag ends, so that a run is not changed at every pixel.

function element(tag, name, words = "") {
  const made = document.createElement(tag)
  made.className = name
  made.textContent = words
  return made
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".axis"), { periods, paused, longest, words } = data
  const kept = root.contains(document.activeElement) ? document.activeElement.dataset.place : undefined
  const share = period => Math.log(Math.max(1, period)) / Math.log(longest)
  const at = x => {
    const box = root.getBoundingClientRect(), part = Math.min(1, Math.max(0, (x - box.left) / box.width))
    return Math.max(1, Math.round(longest ** part))
  }
  const tell = (place, period) => setTriggerValue("change", { place, period })
  root.setAttribute("aria-label", words.axis)
  const line = element("div", "line")
  line.title = words.add
  line.ondblclick = event => tell(periods.length, at(event.clientX))
  root.ondblclick = event => { if (event.target === root) tell(periods.length, at(event.clientX)) }
  root.replaceChildren(line)
  for (let mark = 1; mark <= longest; mark *= 10) {
    const tick = element("span", "tick", mark.toLocaleString("en"))
    tick.style.left = `${100 * share(mark)}%`
    root.append(tick)
  }
  root.append(element("span", "hint", words.hint))
  periods.forEach((period, place) => {
    const handle = element("button", `handle${paused[place] ? " paused" : ""}`), value = element("output", "", period)
    let now = period
    const show = next => {
      now = Math.min(longest, Math.max(1, next))
      handle.style.left = `${100 * share(now)}%`
      value.textContent = now
      handle.setAttribute("aria-valuenow", now)
      handle.setAttribute("aria-valuetext", words.period.replace("{period}", now))
    }
    Object.entries({ role: "slider", "aria-label": words.level.replace("{number}", place + 1), "aria-valuemin": 1, "aria-valuemax": longest })
      .forEach(([name, text]) => handle.setAttribute(name, text))
    handle.type = "button"
    handle.dataset.place = place
    handle.append(value)
    handle.onpointerdown = event => handle.setPointerCapture(event.pointerId)
    handle.onpointermove = event => { if (handle.hasPointerCapture(event.pointerId)) show(at(event.clientX)) }
    handle.onpointerup = () => { if (now !== period) tell(place, now) }
    handle.onkeydown = event => {
      const next = { ArrowRight: Math.max(now + 1, Math.round(now * 1.25)), ArrowLeft: Math.min(now - 1, Math.round(now / 1.25)), Home: 1, End: longest }[event.key]
      if (next !== undefined) show(next)
      else if (["Delete", "Backspace"].includes(event.key) && periods.length > 1) tell(place, 0)
      else return
      event.preventDefault()
      event.stopPropagation() // the arrows also step through the run
    }
    handle.onkeyup = event => { if (event.key.startsWith("Arrow") || ["Home", "End"].includes(event.key)) { if (now !== period) tell(place, now) } }
    show(period)
    root.append(handle)
    if (kept === String(place)) handle.focus()
  })
}
