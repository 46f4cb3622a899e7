// What makes the customer's page handier: buttons to copy a record, and what is under way is looked at again by itself.
(function () {
    'use strict';
    var tries = 0;

    function copies(root) {
        root.querySelectorAll('.eb-copy').forEach(function (code) {
            if (!navigator.clipboard) {
                return;
            }
            var button = document.createElement('button');
            button.type = 'button';
            button.className = 'eb-copy-button';
            button.textContent = root.dataset.copy;
            button.addEventListener('click', function () {
                navigator.clipboard.writeText(code.textContent).then(function () {
                    button.textContent = root.dataset.copied;
                });
            });
            code.after(button);
        });
    }

    // An end is told once, so what was told stays until there is something else to say.
    function tell(root, found) {
        var told = root.querySelector('[role=status]');
        var news = found.querySelector('[role=status]');
        if (news.children.length) {
            told.innerHTML = news.innerHTML;
            root.dataset.told = found.dataset.busy ? '' : '1';
        } else if (root.dataset.told) {
            news.innerHTML = told.innerHTML;
        }
    }

    function watch(root) {
        if (!root.dataset.busy || tries > 100) {
            return;
        }
        tries += 1;
        setTimeout(function () {
            fetch(location.href, { credentials: 'same-origin' })
                .then(function (answer) { return answer.text(); })
                .then(function (html) {
                    var found = new DOMParser().parseFromString(html, 'text/html').getElementById('enombridge');
                    if (found) {
                        tell(root, found);
                    }
                    // Whoever is typing is not disturbed.
                    if (found && !root.contains(document.activeElement)) {
                        root.replaceWith(found);
                        begin(found);
                    } else {
                        watch(root);
                    }
                }, function () { watch(root); });
        }, tries < 12 ? 5000 : 15000);
    }

    function begin(root) {
        copies(root);
        watch(root);
    }

    var root = document.getElementById('enombridge');
    if (root) {
        begin(root);
    }
})();
