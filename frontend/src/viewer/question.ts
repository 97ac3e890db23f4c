/**
 * The one message that every RFB server must answer at once and that changes nothing: a FramebufferUpdateRequest
 * (RFC 6143, section 7.5.3) for one pixel, whether it changed or not. It is no input, so it keeps no desktop from
 * being idle. noVNC takes the answer for an update like any other.
 */
const ONE_PIXEL = Uint8Array.of(3 /* FramebufferUpdateRequest */, 0 /* not incremental */, 0, 0, 0, 0, 0, 1, 0, 1);

/**
 * Ask once the RFB handshake is over, not before. The socket is ours: noVNC only borrows it. It sends whole messages
 * within one turn of the event loop, so this one never lands inside another.
 */
export function askForPixel(socket: WebSocket): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(ONE_PIXEL);
}
