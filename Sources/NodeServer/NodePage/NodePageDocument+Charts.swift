extension NodePageDocument {
    /// Lines of the last five minutes, kept in the browser alone. A line has a gap where nothing was measured.
    static let charts = #"""


        const kept = 300e3, gap = 20e3, mostPoints = 90;
        const series = new Map();

        function remember(name, time, value, seen) {
          seen.add(name);
          if (value === undefined) return;
          const points = series.get(name) || [];
          const latest = points.length ? points[points.length - 1].time : 0;
          if (latest === time) return;
          // The node's clock was set back.
          if (latest > time) points.length = 0;
          points.push({time, value});
          while (points.length > mostPoints || points[0].time < time - kept) points.shift();
          series.set(name, points);
        }

        function rememberAll(data, now) {
          const seen = new Set();
          remember('cpu', now, data.resources.cpuNanoCores, seen);
          remember('memory', now, data.resources.memoryBytes, seen);
          for (const pod of data.pods.items) {
            remember(pod.uid + ' cpu', now, pod.cpuNanoCores, seen);
            remember(pod.uid + ' memory', now, pod.memoryBytes, seen);
          }
          for (const name of series.keys()) if (!seen.has(name)) series.delete(name);
        }

        function draw(svg, name, top, label) {
          const points = series.get(name) || [];
          const end = points.length ? points[points.length - 1].time : 0;
          const highest = top || Math.max(1, ...points.map(point => point.value)) * 1.1;
          let line = '', last;
          for (const point of points) {
            const x = (1 - (end - point.time) / kept) * 100, y = 30 - Math.min(1, point.value / highest) * 30;
            line += (last === undefined || point.time - last > gap ? 'M' : 'L') + x.toFixed(1) + ' ' + y.toFixed(1);
            last = point.time;
          }
          if (!svg.firstElementChild) {
            svg.setAttribute('viewBox', '0 -1 100 32');
            svg.setAttribute('preserveAspectRatio', 'none');
            svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
          }
          svg.firstElementChild.setAttribute('d', line);
          svg.setAttribute('aria-label', label);
        }

        function figure(cell, name, text, label) {
          const box = part(cell, 0, 'number');
          put(box.firstElementChild || make(box, 'span'), text);
          if (!series.has(name)) { if (box.children[1]) box.children[1].remove(); return; }
          let svg = box.children[1];
          if (!svg) {
            svg = box.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'svg'));
            svg.setAttribute('class', 'spark');
            svg.setAttribute('role', 'img');
          }
          draw(svg, name, 0, label + ', last five minutes');
        }

        function showResources(resources) {
          const {cpuNanoCores: cpu, memoryBytes: memory, memoryCapacity: size, processors} = resources;
          const total = processors + (processors === 1 ? ' core' : ' cores'), past = 'last five minutes, 0 to ';
          put($('cpu'), resources.problem || (cpu === undefined ? 'not measured' : cores(cpu) + ' of ' + total));
          put($('cpuScale'), cpu === undefined ? '' : past + total);
          draw($('cpuChart'), 'cpu', (processors || 1) * 1e9, 'CPU of the node, last five minutes');
          put($('memory'), memory === undefined ? 'not measured' : bytes(memory) + ' of ' + bytes(size));
          put($('memoryScale'), memory === undefined ? '' : 'working set, ' + past + bytes(size));
          draw($('memoryChart'), 'memory', size || 1, 'Memory of the node, last five minutes');
          const disks = resources.fileSystems || [];
          list($('disks'), 'li', '', disks.map(disk => disk.name + ': ' + bytes(disk.available) + ' of ' + bytes(disk.capacity) + ' free'));
        }
        """#
}
