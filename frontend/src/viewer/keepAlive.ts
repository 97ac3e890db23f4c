/**
 * A still desktop sends nothing for minutes, and many front proxies cut a connection that is silent for
 * 60 s. So every 25 s the viewer asks for one pixel, and only if it changes: an incremental
 * FramebufferUpdateRequest (RFC 6143, section 7.5.3). noVNC always has a request for the whole screen
 * open, so the server learns nothing new and answers nothing extra; and it is no input, so it keeps no
 * desktop from being idle.
 */
const EVERY = 25_000;
const ONE_PIXEL = Uint8Array.of(3 /* FramebufferUpdateRequest */, 1 /* incremental */, 0, 0, 0, 0, 0, 1, 0, 1);

/**
 * Begin once the RFB handshake is over, not before. The socket is ours: noVNC only borrows it. It sends
 * whole messages within one turn of the event loop, so this one never lands inside another.
 */
export function keepAlive(socket: WebSocket): () => void {
  const timer = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send(ONE_PIXEL);
  }, EVERY);
  return () => { clearInterval(timer); };
}
