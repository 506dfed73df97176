// HTML that Python made, kept in step with it: links, forms and buttons send words back, nothing is computed here.
// Before the connection stands, the same links and forms work as those of a plain web page: each has an address.

function remember(name, value) {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=lax`
}

const keyOf = (node) => node.dataset?.key

// Change what is there into what should be, so that focus, scrolling and opened parts stay.
function morph(now, next) {
  const keyed = new Map([...now.childNodes].filter(keyOf).map((node) => [keyOf(node), node]))
  const others = [...now.childNodes].filter((node) => !keyOf(node))
  const wanted = [...next.childNodes].map((node) => {
    const found = keyOf(node) ? keyed.get(keyOf(node)) : others.shift()
    if (!found || found.nodeName !== node.nodeName) { return node }
    if (found.nodeType === Node.ELEMENT_NODE) { update(found, node) } else if (found.nodeValue !== node.nodeValue) {
      found.nodeValue = node.nodeValue
    }
    return found
  })
  const kept = new Set(wanted)
  for (const node of [...now.childNodes]) { if (!kept.has(node)) { node.remove() } }
  let cursor = now.firstChild
  for (const node of wanted) {
    if (node === cursor) { cursor = cursor.nextSibling } else { now.insertBefore(node, cursor) }
  }
}

function update(now, next) {
  if (now.hasAttribute("data-own") || now.isEqualNode(next)) { return }
  for (const {name} of [...now.attributes]) {
    if (!next.hasAttribute(name) && !(name === "open" && now.nodeName === "DETAILS")) { now.removeAttribute(name) }
  }
  for (const {name, value} of next.attributes) {
    if (now.getAttribute(name) !== value) { now.setAttribute(name, value) }
  }
  const typing = now.getRootNode().activeElement === now
  if (now.nodeName === "INPUT" && now.type === "checkbox") { now.checked = next.hasAttribute("checked") }
  else if (now.nodeName === "INPUT" && !typing) { now.value = next.getAttribute("value") || "" }
  if (now.nodeName === "TEXTAREA") {
    if (now.defaultValue !== next.textContent && !now.dirty) { now.value = now.defaultValue = next.textContent }
    return
  }
  morph(now, next)
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {  // there is no clipboard on a page that came by plain HTTP from another machine
    const area = Object.assign(document.createElement("textarea"), {value: text})
    document.body.append(area)
    area.select()
    document.execCommand("copy")
    area.remove()
  }
}

function save({name, type, parts}) {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(new Blob(parts, {type}))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10000)
}

// A text field whose words Python completes: a combobox by the ARIA authoring practices.
class Combo {
  constructor(root, send) {
    this.root = root
    this.send = send
    this.asked = 0
  }

  of(target) { return target.closest?.("input[data-complete]") }
  list(input) { return input.parentNode.querySelector("[role=listbox]") }

  typed(input) {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.asked += 1
      this.send({complete: input.dataset.complete, text: input.value, asked: this.asked, name: input.name})
    }, 60)
  }

  answered({asked, name, options, text}) {
    const input = this.root.querySelector(`input[data-complete][name="${name}"]`)
    if (asked !== this.asked || !input || input.value !== text || this.root.getRootNode().activeElement !== input) { return }
    const list = this.list(input)
    list.replaceChildren(...options.map((option, i) => {
      const item = Object.assign(document.createElement("li"), {id: `${list.id}-${i}`, role: "option", textContent: option})
      item.setAttribute("role", "option")
      item.setAttribute("aria-selected", "false")
      return item
    }))
    this.show(input, options.length > 0)
  }

  show(input, on) {
    this.list(input).hidden = !on
    input.setAttribute("aria-expanded", String(on))
    if (!on) { input.removeAttribute("aria-activedescendant") }
  }

  chosen(input) { return this.list(input).querySelector("[aria-selected=true]") }

  move(input, by) {
    const items = [...this.list(input).children]
    const at = items.indexOf(this.chosen(input))
    const next = items[(at + by + items.length + (at < 0 && by < 0 ? 1 : 0)) % items.length]
    for (const item of items) { item.setAttribute("aria-selected", String(item === next)) }
    input.setAttribute("aria-activedescendant", next.id)
    next.scrollIntoView({block: "nearest"})
  }

  take(input, item) {
    input.value = item.textContent
    this.show(input, false)
    input.focus()
    if (input.dataset.take === "submit") { input.form.requestSubmit() } else { this.typed(input) }
  }

  key(input, event) {
    const open = !this.list(input).hidden
    if (open && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault()
      this.move(input, event.key === "ArrowDown" ? 1 : -1)
    } else if (event.key === "ArrowDown") {
      this.typed(input)
    } else if (open && event.key === "Escape") {
      event.preventDefault()
      this.show(input, false)
    } else if (open && ["Enter", "Tab"].includes(event.key) && this.chosen(input)) {
      event.preventDefault()
      this.take(input, this.chosen(input))
    }
  }
}

// When the server is gone: say so, look for it, and load the page anew, which loses nothing: its state is its address.
function watchConnection(model, page) {
  if (page.watched) { return }
  page.watched = true
  model.document?.on_event?.("connection_lost", () => {
    if (document.getElementById("lost")) { return }
    const bar = Object.assign(document.createElement("div"), {id: "lost"})
    bar.setAttribute("role", "alert")
    bar.textContent = "The dashboard does not answer any more. Looking for it…"
    document.body.append(bar)
    const look = setInterval(async () => {
      const found = await fetch(location.href, {cache: "no-store"}).catch(() => null)
      if (!found?.ok) { return }
      clearInterval(look)
      if (!window.mlopsDirty) { location.reload() } else {
        bar.innerHTML = 'The dashboard is back. What you typed is not saved. <a href="">Load the page again</a>'
      }
    }, 3000)
  })
}

function theme() {
  return document.documentElement.dataset.theme
}

// The page as it was sent stands until every part of this one does.
function arrived() {
  const first = document.getElementById("first")
  if (!first) { return }
  first.dataset.parts = String(Number(first.dataset.parts) - 1)
  if (Number(first.dataset.parts) > 0) { return }
  const scrolled = first.scrollTop
  const narrow = matchMedia("(max-width: 599.95px)").matches
  // On a telephone the navigation lies over the page, and the server does not know that before.
  const frame = document.querySelector("[data-root-id] > *")?.shadowRoot
  if (narrow) { frame?.querySelector("[aria-label='Close drawer']")?.click() }
  setTimeout(() => requestAnimationFrame(() => {
    first.remove()
    document.documentElement.dataset.ready = "true"
    const main = frame?.querySelector(".main-content")
    if (main) { main.scrollTop = scrolled }
  }), narrow ? 300 : 0)
}

export function render({model, view}) {
  const box = document.createElement("div")
  box.className = `mlops ${model.look}`
  const send = (message) => model.send_msg(message)
  const combo = new Combo(box, send)
  const busy = (on) => box.toggleAttribute("data-busy", on)
  // The place where it is said may be in another part of the page than the button.
  const said = (text) => { window.dispatchEvent(new CustomEvent("mlops-said", {detail: text})) }
  window.addEventListener("mlops-said", ({detail}) => {
    const place = box.querySelector("[data-said]")
    if (place) { place.textContent = detail; setTimeout(() => { place.textContent = "" }, 4000) }
  })
  const go = (href) => { busy(true); send({go: href}) }

  // A form with something typed that is not saved yet. It is left alone (`data-own`) until Python takes it away.
  let writing = null
  const put = () => {
    const next = document.createElement("div")
    next.innerHTML = model.html
    // What needs Python to do anything is asleep in the page as it was sent.
    for (const node of next.querySelectorAll("[data-wakes]")) { node.disabled = false }
    morph(box, next)
    if (writing && !box.contains(writing)) { writing = null; window.mlopsDirty = false }
    busy(false)
  }
  put()
  model.on("html", put)

  const handlers = {
    complete: (m) => combo.answered(m.complete),
    said: (m) => said(m.said),
    idle: () => busy(false),
    address: (m) => { if (m.address !== (location.search || "?")) { history.pushState({}, "", m.address) } },
    leave: (m) => { location.href = m.leave },
    bytes: (m) => { box.parts = [Uint8Array.from(atob(m.bytes), (c) => c.charCodeAt(0))] },
    part: (m) => { (box.parts ||= []).push(m.part) },
    save: (m) => { save({...m.save, parts: box.parts || []}); box.parts = []; busy(false); said(m.save.said) },
  }
  model.on("msg:custom", (message) => { for (const name of Object.keys(message)) { handlers[name]?.(message) } })

  box.addEventListener("click", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0
    const link = event.target.closest("a[data-go]")
    if (link && plain) { event.preventDefault(); go(link.getAttribute("href")) }
    const button = event.target.closest("button[data-do], button[data-copy], button[data-theme-toggle], button[data-skip]")
    if (!button) { return }
    if (button.dataset.copy !== undefined) { copy(button.dataset.copy).then(() => said("copied")) }
    else if (button.dataset.themeToggle !== undefined) {
      document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark"
      remember("mlops_nb_theme", theme())
    } else if (button.dataset.skip !== undefined) { window.dispatchEvent(new Event("mlops-skip")) }
    else { busy(true); send({do: button.dataset.do, fields: {...button.dataset}}) }
  })
  window.addEventListener("mlops-skip", () => { box.querySelector("h1")?.focus() })
  box.addEventListener("submit", (event) => {
    event.preventDefault()
    const form = event.target
    const fields = new FormData(form, event.submitter)
    const input = form.querySelector("input[data-complete]")
    if (input) { combo.show(input, false); clearTimeout(combo.timer) }
    if (form.dataset.do) {
      if (form !== writing) { window.mlopsDirty = false }
      for (const area of form.querySelectorAll("textarea")) { area.dirty = false }
      busy(true)
      send({do: form.dataset.do, fields: Object.fromEntries(fields)})
    } else if (form.dataset.fields === "joined") {
      go(`${form.getAttribute("action")}?${joined(fields)}`)
    } else { go(`${form.getAttribute("action")}?${new URLSearchParams(fields)}`) }
  })
  box.addEventListener("change", (event) => {
    const input = event.target
    if (input.dataset.pick) { busy(true); send({pick: input.dataset.pick, on: input.checked}) }
  })
  box.addEventListener("input", (event) => {
    const input = combo.of(event.target)
    if (input) { combo.typed(input) }
    if (event.target.nodeName === "TEXTAREA") { event.target.dirty = true; window.mlopsDirty = true }
    const form = event.target.closest("form[data-own]")
    if (form) { writing = form; window.mlopsDirty = true }
  })
  window.addEventListener("beforeunload", (event) => { if (writing) { event.preventDefault() } })
  box.addEventListener("keydown", (event) => {
    const input = combo.of(event.target)
    if (input) { combo.key(input, event) }
  })
  box.addEventListener("mousedown", (event) => {
    const item = event.target.closest("[role=option]")
    if (item) { event.preventDefault(); combo.take(item.closest(".combo").querySelector("input"), item) }
  })
  box.addEventListener("focusout", (event) => {
    const input = combo.of(event.target)
    if (input) { combo.show(input, false) }
  })

  watchConnection(view.model, document.documentElement)
  setTimeout(arrived)
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC"
  remember("mlops_nb_zone", zone)
  if (model.greets) {
    send({hello: zone, dark: theme() === "dark"})
    window.addEventListener("popstate", () => { box.getRootNode().activeElement?.blur(); busy(true); send({back: location.search}) })
  }
  return box
}

// Several values under one name become one value with commas, as addresses write lists.
function joined(fields) {
  const found = {}
  for (const [name, value] of fields) { if (value !== "") { found[name] = name in found ? `${found[name]},${value}` : value } }
  return new URLSearchParams(found)
}
