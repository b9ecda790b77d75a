(root, host) => {
  const all = s => [...root.querySelectorAll(s)];
  const widget = root.querySelector('.w'), dots = all('input'), last = dots.length - 1;
  const now = () => dots.findIndex(d => d.checked);
  const stage = root.querySelector('.st');
  const show = () => {
    const n = now(), view = stage.getBoundingClientRect();
    const cards = n => all(`.st .i${n}, .st .o${n}`);
    const seen = (n ? cards(n) : cards(1)).map(card => card.getBoundingClientRect());  // the start: where it begins
    if (!seen.length || stage.scrollWidth <= stage.clientWidth) return;
    const left = Math.min(...seen.map(r => r.left)), right = Math.max(...seen.map(r => r.right));
    if (left < view.left || right > view.right) stage.scrollLeft += (left + right - view.left - view.right) / 2;
  };
  const go = n => { dots[Math.max(0, Math.min(last, n))].checked = true; show(); };
  const focus = () => dots[now()].focus({preventScroll: true});
  let timer = 0;
  const name = () => players.forEach(b => { b.textContent = timer ? '❚❚ Pause' : '▶ Play'; });
  const stop = () => { clearInterval(timer); timer = 0; name(); };
  const play = () => {
    if (timer) return stop();
    if (now() === last) go(0);
    timer = setInterval(() => {
      if (!widget.isConnected || now() === last) return stop();
      go(now() + 1);
      if (now() === last) stop();
    }, 1500);
    name();
  };
  const players = all('.js').map(place => {
    const b = document.createElement('button');
    b.type = 'button'; b.className = 'bt';
    b.onclick = () => { play(); const p = all('.js button')[now()]; if (p) p.focus({preventScroll: true}); };
    place.append(b);
    return b;
  });
  name();
  all('label').forEach(label => {
    label.tabIndex = 0; label.setAttribute('role', 'button');
    label.onclick = e => { e.preventDefault(); stop(); go(+label.htmlFor.slice(1)); focus(); };
  });
  const visit = card => {
    const at = (card.dataset.at || '').split(' ').filter(Boolean).map(Number);
    if (!at.length) return;
    stop();
    go(at.find(n => n > now()) ?? at[0]);
  };
  all('.n').forEach(card => {
    if (!card.dataset.at) return;
    card.setAttribute('tabindex', '0'); card.setAttribute('role', 'button');
    card.onclick = () => visit(card);
  });
  dots.forEach(d => d.addEventListener('click', () => { stop(); show(); }));
  widget.addEventListener('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[e.key];
    const end = {Home: 0, End: last}[e.key];
    const press = e.key === 'Enter' || e.key === ' ';
    const card = press && e.target.closest('.n'), label = press && e.target.closest('label');
    if (step || end !== undefined) { stop(); go(end ?? now() + step); focus(); }
    else if (card) visit(card);
    else if (label) label.click();
    else if (e.key === ' ' && e.target.type === 'radio') play();
    else { if (e.key !== 'Tab') e.stopPropagation(); return; }
    e.preventDefault(); e.stopPropagation();
  });
  const body = document.body, page = document.documentElement;
  const theme = () => {
    const told = [body, page].map(x => x.getAttribute('theme') || x.dataset.theme || x.dataset.bsTheme || '');
    const dark = body.dataset.jpThemeLight === 'false' || told.includes('dark')
      || /vscode-(dark|high-contrast)(?!-light)/.test(body.className);
    widget.classList.toggle('dark', dark);
  };
  if (host) {
    theme();
    [body, page].forEach(x => new MutationObserver(theme).observe(x, {attributes: true}));
  }
  show();
}
