# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option group of the cloud's end of a tunnel."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the options of module_utils.core.spec_vpn_gateway.VPN_GATEWAY."""

    DOCUMENTATION = r"""
options:
  provider:
    description: The cloud, one whose end of a tunnel this collection makes.
    type: str
    required: true
    choices: [aws, azure, openstack, cloudstack, bt_cloud]
  name:
    description:
      - The name of the gateway's parts at the provider, and of the tunnels. Where a connection has several they are
        called C(NAME-1), C(NAME-2). Two stores, or two gateways of one scope, need two names; in V(cloudstack) so do
        two gateways of one account, since the names of customer gateways are the account's.
      - In V(aws) a name is one for a region. One that another VPC or transit gateway of it bears is refused.
    type: str
    required: true
  store:
    description:
      - The name of the service store that marks what it makes. Two stores that manage one account need two names.
    type: str
    default: service-store
  scope:
    description: What the gateway attaches to.
    type: dict
    required: true
    suboptions:
      kind:
        description:
          - V(vpc) or V(transit_gateway) for V(aws). A VPC gets a virtual private gateway, unless it has one.
          - V(virtual_network_gateway) or V(virtual_network) for V(azure). A route-based VPN gateway of another SKU than
            Basic is used and never changed. A network without one gets it, with a public IP address, in its subnet
            C(GatewaySubnet). That takes Azure most of an hour, for which the module waits; where that is not enough,
            the next run goes on.
          - V(router) for V(openstack), which needs a gateway to the outside. It gets a VPN service, unless it has one.
          - V(vpc) for V(cloudstack) and V(bt_cloud). It gets a VPN gateway, unless it has one.
        type: str
        required: true
      id:
        description: The provider's id. Give this or O(scope.name).
        type: str
      name:
        description: The name; in V(aws) the Name tag. A name that two objects share is refused.
        type: str
      parent:
        description:
          - What holds it, where the provider needs that. The resource group for V(azure), in V(openstack) the id of the
            router's project.
        type: str
  tunnel:
    description:
      - The connection as our own end has it, in the words of the role
        P(strategic.service_store.ipsec#role), so that both ends come from one definition. The address of the other end
        is left out, since the provider gives it; the return value C(tunnels) is the definition with it.
      - IKEv2 is the only version that either end takes.
    type: dict
    suboptions:
      name:
        description: Not used; the tunnels bear O(name).
        type: str
      description:
        description: What the tunnel is for.
        type: str
      local:
        description: Our end.
        type: dict
        required: true
        suboptions:
          address:
            description: The public address.
            type: str
            required: true
          id:
            description: IKE identity. The address where it is left out.
            type: str
          inside_address:
            description: Our gateway's own address in the network behind it. Needed with V(covering) selectors.
            type: str
      remote:
        description: The cloud's end, as far as it can be chosen.
        type: dict
        suboptions:
          id:
            description: IKE identity, where the provider lets it be chosen. Its address where it is left out.
            type: str
          inside_address:
            description: The address of the cloud's gateway in the network behind it. Needed with V(covering) selectors.
            type: str
      sources:
        description: The store servers that may use the tunnel, by their own addresses.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: What the server is called.
            type: str
          address:
            description: IPv4 address, or a network of at most 256 addresses.
            type: str
            required: true
      targets:
        description: The API endpoints that may be reached through the tunnel.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: What the endpoint is called.
            type: str
          address:
            description: IPv4 address of the API host.
            type: str
            required: true
          port:
            description: Port of the API.
            type: int
            required: true
          protocol:
            description: Transport protocol.
            type: str
            choices: [tcp, udp]
            default: tcp
      selectors:
        description:
          - As in the role; it is handed on to our own end. With V(covering) the cloud's end gets, in place of each
            server of O(tunnel.sources), the narrowest network that holds all of them and our gateway's inside address.
        type: str
        choices: [exact, covering]
        default: exact
      ike_proposals:
        description:
          - IKEv2 proposals in strongSwan's spelling, best first. Weak ones are refused.
          - A provider that takes algorithms rather than proposals gets those of all of them.
          - V(azure) takes one proposal, the first that it has, and V(openstack) the first that Neutron can express.
          - V(cloudstack) takes one proposal of AES in CBC mode, SHA-2 and a group from C(modp3072) to C(modp8192), such
            as V(aes256-sha256-modp3072), and gets the first of that kind. Among the defaults there is none.
        type: list
        elements: str
      esp_proposals:
        description:
          - ESP proposals, best first, each with a group for forward secrecy. Weak ones are refused.
          - For V(cloudstack) the same holds as for O(tunnel.ike_proposals).
        type: list
        elements: str
      dpd_delay_s:
        description: Seconds of silence after which our end asks the peer for a sign of life.
        type: int
        default: 5
      ike_rekey_s:
        description:
          - Seconds after which the IKE_SA gets new keys, at both ends. With V(azure) it is 28800 at the cloud's
            end whatever is asked, and no more than that at ours.
        type: int
        default: 14400
      esp_rekey_s:
        description: Seconds after which the ESP keys are renewed, at both ends.
        type: int
        default: 3600
  networks:
    description:
      - The IPv4 networks behind the cloud's end, in which all endpoints of the tunnel have to be. By default the
        endpoints' own addresses.
      - V(aws) keeps one network for each side, the narrowest that holds all of these, or all of O(tunnel.sources). One
        wider than a /8 is refused.
      - The end of V(cloudstack) always has the whole network of the VPC, of which these have to be a part; our own end
        narrows it to the endpoints.
      - In V(openstack) each is a whole subnet that is attached to the router, since tunnels of Neutron end in such.
    type: list
    elements: str
  pre_shared_keys:
    description:
      - The names of the pre-shared keys in the secret store, one for each tunnel of the connection, which are two for
        V(aws) and one for the others. M(strategic.service_store.vpn_psk) makes them. The same names serve our own
        end.
      - A key that was changed in the store is changed at the provider, and so is one that somebody changed there, where
        the provider tells it, as all of these do.
      - C(NAME.psk_next) is the successor of a key that is being changed (M(strategic.service_store.vpn_psk), V(next)).
    type: list
    elements: str
  inside_cidrs:
    description:
      - The tunnels' link networks, in their order, where the provider has such (V(aws) takes a /30 of
        C(169.254.0.0/16)) and it matters which. Otherwise the provider chooses.
    type: list
    elements: str
  dpd_timeout_s:
    description:
      - Seconds without a sign of life after which the cloud's end takes our end for dead.
      - Not used for V(cloudstack), whose gateways always take 120.
    type: int
    default: 30
  dpd_action:
    description:
      - What the cloud's end does then - V(restart) the tunnel, V(clear) it, or V(none).
      - V(cloudstack) knows no V(clear).
      - With V(azure) V(restart) lets both ends start the tunnel, and V(clear) our end alone; it has no V(none).
    type: str
    choices: [restart, clear, none]
    default: restart
  aws:
    description: What only V(aws) has.
    type: dict
    suboptions:
      route_tables:
        description:
          - The ids of the route tables by which O(scope) finds our networks. Into those of a V(vpc) its gateway
            propagates the routes, those of a V(transit_gateway) get a static route for each store server.
          - By default the main table of a V(vpc), or the table with which a V(transit_gateway) associates by default.
        type: list
        elements: str
      startup_action:
        description:
          - V(add) leaves the start to our end, V(start) makes AWS start as well. AWS's own default is V(add).
          - Like each option of O(aws) that is left out, it is not compared then, and what is there keeps its own.
        type: str
        choices: [add, start]
      rekey_margin_s:
        description: Seconds before the end of a lifetime in which AWS renews keys. AWS's own default is 270.
        type: int
      rekey_fuzz_percent:
        description: By how much of the margin the moment varies. AWS's own default is 100.
        type: int
      replay_window_packets:
        description: Packets in the window of replay protection. AWS's own default is 1024.
        type: int
      lifecycle_control:
        description: Whether AWS lets the account choose when a tunnel's endpoint is replaced.
        type: bool
      wait_up_s:
        description:
          - How many seconds the other tunnel of a connection may take to come up before one that is up is changed. When
            they are over the module fails, and the tunnel that is up stays as it is.
          - V(0) changes it at once, for connections of which our end uses one tunnel alone.
        type: int
        default: 600
  cloudstack:
    description: What only V(cloudstack) and V(bt_cloud) have.
    type: dict
    suboptions:
      split_connections:
        description:
          - Whether the router of the VPC gets a connection of its own for each store server, for an end of ours that
            takes one network in each IKEv2 negotiation alone. The role P(strategic.service_store.ipsec#role) takes
            several.
        type: bool
        default: false
      force_encapsulation:
        description: Whether ESP always travels in UDP, for a way on which ESP itself is not let through.
        type: bool
        default: false
      passive:
        description:
          - Whether CloudStack leaves the start to our end. Then it calls the tunnel connected when it really is;
            otherwise it does so as soon as its router is set up, and looks later.
          - Cannot be changed where it is.
        type: bool
        default: true
  openstack:
    description: What only V(openstack) has.
    type: dict
    suboptions:
      initiator:
        description:
          - V(response-only) leaves the start to our end, which asks for no more than the declared addresses.
            V(bi-directional) lets the cloud start as well, and then for the whole subnets.
        type: str
        choices: [response-only, bi-directional]
        default: response-only
      mtu:
        description: The largest packet that goes into the tunnel, 68 to 65535 bytes. Neutron's own default is 1500.
        type: int
  azure:
    description: What only V(azure) has.
    type: dict
    suboptions:
      esp_rekey_kb:
        description: Kilobytes after which the ESP keys are renewed. The default is Azure's own, about 100 GB.
        type: int
        default: 102400000
      gateway_sku:
        description: The SKU of a gateway that is made for a V(virtual_network). V(VpnGw1AZ) where it is left out.
        type: str
        choices: [VpnGw1AZ, VpnGw2AZ, VpnGw3AZ, VpnGw4AZ, VpnGw5AZ]
"""
