extension NodePageDocument {
    /// One request at a time, each some seconds after the answer before it, and none while the page is not visible.
    static let updates = #"""


        const period = 5000, patience = 10000;
        // The page is found with and without a slash at the end of its path.
        const base = location.pathname.endsWith('/') ? '' : location.pathname.split('/').pop() + '/';
        let timer, request, isPaused = false, lastAnswer, silentSince;

        function show(data) {
          const now = Date.parse(data.time), node = data.node, agent = data.agent;
          document.title = node.name + (node.ready ? ': Ready' : ': not ready');
          put($('name'), node.name);
          mark($('ready'), node.ready ? 'running' : 'failing', node.ready ? 'Ready' : 'Not ready: ' + node.readyMessage);
          const contact = agent.lastContactSeconds;
          list($('facts'), 'li', '', [
            node.unschedulable ? 'unschedulable (cordoned)' : '',
            ...node.taints.map(taint => 'taint ' + taint), ...node.addresses,
            node.podCIDRs.length ? 'pods at ' + node.podCIDRs.join(', ') : '', node.maxPods ? 'at most ' + node.maxPods + ' pods' : '',
            node.kubernetesVersion ? 'Kubernetes ' + node.kubernetesVersion : '',
            'swiftlet ' + agent.version + ', running for ' + span(agent.startedAt, now),
            node.osImage || '', node.kernelVersion ? 'Linux ' + node.kernelVersion : '',
            'API server ' + agent.apiServer + (contact === undefined ? ' has not answered yet' : ' answered ' + contact + 's ago'),
          ].filter(text => text));
          rememberAll(data, now);
          showResources(data.resources);
          showConditions(data.conditions, now);
          showPods(data.pods, now);
          showServices(data.services);
        }

        function answered() {
          lastAnswer = new Date();
          silentSince = undefined;
          put($('updated'), 'Updated ' + lastAnswer.toLocaleTimeString());
          $('alert').hidden = true;
          put($('alert'), '');
          $('main').classList.remove('stale');
        }

        function failed(reason) {
          silentSince = silentSince || new Date();
          const since = lastAnswer ? 'The agent has not answered since ' + lastAnswer.toLocaleTimeString() + '; what is shown is from then'
            : 'The agent has not answered yet, asked since ' + silentSince.toLocaleTimeString();
          put($('alert'), since + '. ' + reason);
          $('alert').hidden = false;
          $('main').classList.add('stale');
        }

        async function update() {
          clearTimeout(timer);
          if (request) { request.abort(); request = undefined; }
          if (document.hidden || isPaused) return;
          const own = request = new AbortController();
          let late = false;
          const alarm = setTimeout(() => { late = true; own.abort(); }, patience);
          try {
            const query = new URLSearchParams({pods: $('podFilter').value.trim(), services: $('serviceFilter').value.trim()});
            const answer = await fetch(base + 'data.json?' + query, {cache: 'no-store', credentials: 'same-origin', signal: own.signal});
            if (!answer.ok) {
              const isPage = (answer.headers.get('content-type') || '').includes('html');
              throw new Error('HTTP status ' + answer.status + (isPage ? '' : ': ' + (await answer.text()).slice(0, 300)));
            }
            const data = await answer.json();
            if (own !== request) return;
            show(data);
            answered();
          } catch (error) {
            if (own !== request) return;
            failed(late ? 'No answer within ' + patience / 1000 + ' s.' : error.message);
          } finally {
            clearTimeout(alarm);
            if (own === request) { request = undefined; timer = setTimeout(update, period); }
          }
        }

        let typing;
        for (const id of ['podFilter', 'serviceFilter'])
          $(id).addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(update, 250); });
        $('pause').addEventListener('click', () => {
          isPaused = !isPaused;
          $('pause').setAttribute('aria-pressed', String(isPaused));
          put($('pause'), isPaused ? 'Continue' : 'Pause');
          update();
        });
        document.addEventListener('visibilitychange', update);
        update();

        """#
}
