"""FreeSWITCH mod_callcenter: agents in tiers, callers in the order of their scores."""
