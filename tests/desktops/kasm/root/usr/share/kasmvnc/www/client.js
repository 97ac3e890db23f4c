// The client of the stand-in: as KasmVNC's it finds its stream by `?path=`, and has to come from the same server.
const PARTS = 28;
const state = document.getElementById('state');
const seen = document.getElementById('seen');
const path = new URLSearchParams(location.search).get('path') ?? 'websockify';

function open() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const stream = new WebSocket(`${scheme}://${location.host}/${path}`, ['binary']);
  stream.binaryType = 'arraybuffer';
  const greeting = [
    // version, the one kind of security, shared
    () => stream.send(new TextEncoder().encode('RFB 003.008\n')),
    () => stream.send(new Uint8Array([1])),
    () => stream.send(new Uint8Array([1])),
    (bytes) => { state.textContent = `connected to ${new TextDecoder().decode(bytes.slice(24))}`; },
  ];
  stream.onmessage = ({ data }) => {
    const bytes = new Uint8Array(data);
    const step = greeting.shift();
    if (step) {
      step(bytes);
      return;
    }
    // 250, a length, and what the server has seen
    const item = document.createElement('li');
    item.textContent = new TextDecoder().decode(bytes.slice(2));
    seen.append(item);
  };
  stream.onclose = () => {
    state.textContent = 'disconnected';
    setTimeout(open, 500);
  };
  document.onkeydown = ({ key }) => {
    for (const down of [1, 0]) stream.send(new Uint8Array([4, down, 0, 0, 0, 0, 0, key.charCodeAt(0)]));
  };
}

// deferred scripts run in order: all parts have come, or one failed
if (window.parts === PARTS) open();
else state.textContent = `${window.parts ?? 0} of ${PARTS} parts`;
