extension NodePageDocument {
    /// Rows and texts. A row stays the same element as long as its object is there, so that a selection outlives an update.
    static let tables = #"""

        'use strict';
        const $ = id => document.getElementById(id);
        const marks = {failing: '\u2717', waiting: '\u2026', running: '\u2713', ended: '\u2013'};

        function put(node, text) { if (node.textContent !== text) node.textContent = text; }

        function make(parent, tag, name) {
          const node = document.createElement(tag);
          if (name) node.className = name;
          return parent.appendChild(node);
        }

        function list(parent, tag, name, texts) {
          while (parent.children.length > texts.length) parent.lastElementChild.remove();
          texts.forEach((text, at) => put(parent.children[at] || make(parent, tag, name), text));
        }

        function mark(node, kind, text) {
          if (node.className !== kind) node.className = kind;
          put(node, marks[kind] + ' ' + text);
        }

        function bytes(count) {
          if (count === undefined) return '';
          const units = ['B', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
          let unit = 0;
          while (count >= 1024 && unit < units.length - 1) { count /= 1024; unit++; }
          return (count < 10 && unit > 0 ? count.toFixed(1) : Math.round(count)) + units[unit];
        }

        function cores(nano) { return nano === undefined ? '' : Math.ceil(nano / 1e6) + 'm'; }

        function span(from, to) {
          if (!from) return '';
          const seconds = Math.max(0, Math.round((to - Date.parse(from)) / 1000));
          if (seconds < 120) return seconds + 's';
          if (seconds < 7200) return Math.floor(seconds / 60) + 'm';
          if (seconds < 172800) return Math.floor(seconds / 3600) + 'h';
          return Math.floor(seconds / 86400) + 'd';
        }

        function rows(body, items, key, fill) {
          const names = [...body.parentNode.tHead.rows[0].cells].map(cell => cell.textContent);
          const old = new Map([...body.rows].map(row => [row.dataset.key, row]));
          const used = new Set();
          let place = body.firstElementChild;
          for (const item of items) {
            let id = key(item);
            while (used.has(id)) id += '+';
            used.add(id);
            let row = old.get(id);
            old.delete(id);
            if (!row) {
              row = document.createElement('tr');
              row.dataset.key = id;
              for (const name of names) make(make(row, 'td'), 'div').parentNode.dataset.column = name;
            }
            if (row === place) place = place.nextElementSibling; else body.insertBefore(row, place);
            fill([...row.cells].map(cell => cell.firstElementChild), item);
            for (const cell of row.cells) cell.classList.toggle('empty', !cell.textContent);
          }
          for (const row of old.values()) row.remove();
        }

        function part(node, at, name) { return node.children[at] || make(node, 'div', name); }

        function showConditions(conditions, now) {
          rows($('conditions'), conditions, item => item.type, (cells, item) => {
            put(cells[0], item.type);
            mark(cells[1], item.isGood ? 'running' : 'failing', item.status);
            put(cells[2], span(item.since, now));
            put(part(cells[3], 0), item.reason);
            put(part(cells[3], 1, 'detail'), item.message);
          });
        }

        function showPods(pods, now) {
          const counts = Object.keys(marks).filter(kind => pods.counts[kind]).map(kind => pods.counts[kind] + ' ' + kind);
          put($('podCounts'), pods.total === 0 ? 'No pods' : pods.total + (pods.total === 1 ? ' pod: ' : ' pods: ') + counts.join(', '));
          rows($('pods'), pods.items, item => item.uid + ' ' + item.namespace + '/' + item.name, (cells, item) => {
            mark(cells[0], item.kind, item.state);
            put(part(cells[1], 0), item.namespace + '/' + item.name);
            list(part(cells[1], 1), 'div', 'detail', item.reasons.concat(item.addresses.join(', ') || []));
            put(cells[2], item.ready);
            put(cells[3], String(item.restarts));
            put(cells[4], span(item.createdAt, now));
            figure(cells[5], item.uid + ' cpu', cores(item.cpuNanoCores), 'CPU of ' + item.name);
            figure(cells[6], item.uid + ' memory', bytes(item.memoryBytes), 'Memory of ' + item.name);
          });
          more($('morePods'), pods, pods.items.length, 'pods');
        }

        function showServices(services) {
          $('serviceSection').hidden = !services;
          if (!services) return;
          const state = services.problem ? 'Problem: ' + services.problem
            : services.lastSync ? 'rules last written ' + new Date(services.lastSync).toLocaleTimeString() : 'rules not written yet';
          put($('serviceCounts'), services.total + (services.total === 1 ? ' Service' : ' Services') + '; ' + state);
          const ports = services.items.flatMap(item => item.ports.map(port => ({item, port})));
          const name = item => item.namespace + '/' + item.name;
          rows($('services'), ports, ({item, port}) => [name(item), port.name, port.addresses[0]].join(' '), (cells, {item, port}) => {
            put(part(cells[0], 0), name(item));
            put(part(cells[0], 1, 'detail'), item.morePorts ? 'and ' + item.morePorts + ' more ports' : '');
            put(cells[1], port.name);
            list(cells[2], 'div', '', port.addresses);
            if (!port.endpointCount) { mark(cells[3], 'failing', 'none'); return; }
            if (cells[3].className) { cells[3].className = ''; put(cells[3], ''); }
            list(cells[3], 'div', '', port.endpoints);
          });
          more($('moreServices'), services, services.items.length, 'Services');
        }

        function more(node, list, shown, noun) {
          const rest = list.matching - shown;
          put(node, list.matching === 0 && list.total > 0 ? 'No ' + noun + ' match' : rest > 0 ? 'and ' + rest + ' more ' + noun : '');
        }
        """#
}
