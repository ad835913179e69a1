"""Other people's jobs on the same account, each as the setting `strangers` tells."""

from __future__ import annotations

import asyncio
from typing import Any

from replies import Service


class Strangers:
    """Those who are there now."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.tasks: list[asyncio.Task[None]] = []

    def restart(self) -> None:
        """After the setting has changed."""
        for task in self.tasks:
            task.cancel()
        self.tasks = [self.service.later(self._submit(rule)) for rule in self.service.settings["strangers"]]

    async def _submit(self, rule: dict[str, Any]) -> None:
        ledger, dice = self.service.ledger, self.service.settings.dice
        seeds = rule.get("seeds", "random")
        count = 0
        while rule.get("count") is None or count < rule["count"]:
            count += 1
            request = {
                "model": rule.get("model") or ledger.last_model,
                "prompt": f"what a stranger asked for, {count}",
                "seed": dice.randrange(1 << 31) if seeds == "random" else dice.choice(seeds),
                "width": 64,
                "height": 64,
            }
            ledger.accept(request, key=None, fault="stranger", stranger_time=float(rule.get("time", 1)))
            await asyncio.sleep(float(rule.get("every", 1)))
