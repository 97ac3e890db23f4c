// The cable between the browser and Pult, for pulling it.
import { connect, createServer } from 'node:net';

/** Lays a cable to a port of this machine. What comes through it can be held up, cut and refused. */
export async function layCable(target) {
  const ends = new Set();
  const silent = new WeakSet();
  let isUp = true;
  const carry = (from, to) => {
    ends.add(from);
    // A Wi-Fi that is gone says nothing to anybody: no byte passes, and no goodbye.
    from.on('data', (data) => { if (!silent.has(from)) to.write(data); });
    from.on('end', () => { if (!silent.has(from)) to.end(); });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      ends.delete(from);
      if (!silent.has(from)) to.destroy();
    });
  };
  const server = createServer((near) => {
    near.setNoDelay(true);
    if (!isUp) {
      near.destroy();
      return;
    }
    const far = connect(target, '127.0.0.1');
    far.setNoDelay(true);
    carry(near, far);
    carry(far, near);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const drop = () => { for (const end of ends) end.destroy(); };
  return {
    port: server.address().port,
    /** Ends every connection at once, as a server does that is killed; new ones are refused until it is plugged in. */
    pull: () => {
      isUp = false;
      drop();
    },
    plug: () => { isUp = true; },
    /** What is connected goes silent for ever; new connections work. */
    silence: () => { for (const end of ends) silent.add(end); },
    close: () => {
      drop();
      server.close();
    },
  };
}
