%% Logplex's side of a TLS drain and of an HTTPS drain, on the TLS stack that it runs on.
%%
%%   escript logplex.escript drain   SOURCE PORT CACERTFILE FILE
%%   escript logplex.escript batches SOURCE PORT FILE...
%%
%% Sends to localhost:PORT from the address SOURCE. `drain` sends a file of frames over one
%% connection, `batches` one file after the other, each a whole request, and prints the status line
%% and the length of every answer. Prints the protocol and the cipher suite first. Exit codes: 0,
%% 1 (what was printed went wrong).
%%
%% Source of the options: heroku/logplex, src/logplex_tls.erl, src/logplex_http_client.erl,
%% src/logplex_tcpsyslog_drain.erl and src/logplex.app.src (tls_versions, tls_max_depth,
%% tcp_drain_target_bytes).

-define(TARGET_BYTES, 4096).
-define(TIMEOUT, 5000).

main(["drain", Source, Port, CACertFile, File]) ->
    {ok, Frames} = file:read_file(File),
    Socket = connect(Source, Port, tls_options(CACertFile)),
    send(Socket, Frames),
    ok = ssl:close(Socket);
main(["batches", Source, Port | Files]) ->
    %% Its HTTPS drains pass no option that would have the certificate checked.
    Socket = connect(Source, Port, [{verify, verify_none}, {versions, versions()}]),
    [request(Socket, File) || File <- Files],
    ok = ssl:close(Socket).

connect(Source, Port, Options) ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    {ok, Address} = inet:parse_address(Source),
    Common = [binary, {active, false}, {packet, raw}, {ip, Address}, {reuse_sessions, false}],
    case ssl:connect("localhost", list_to_integer(Port), Options ++ Common, ?TIMEOUT) of
        {ok, Socket} ->
            Items = [protocol, selected_cipher_suite],
            {ok, Information} = ssl:connection_information(Socket, Items),
            [Protocol, Suite] = [proplists:get_value(Item, Information) || Item <- Items],
            io:format("~s ~s~n", [Protocol, ssl:suite_to_str(Suite)]),
            Socket;
        {error, Reason} ->
            io:format("~0p~n", [Reason]),
            halt(1)
    end.

tls_options(CACertFile) ->
    [{verify, verify_peer},
     {depth, 9},
     {cacertfile, CACertFile},
     {ciphers, approved_ciphers()},
     {versions, versions()}].

versions() ->
    Published = ['tlsv1.2', 'tlsv1.1'],
    {available, Available} = lists:keyfind(available, 1, ssl:versions()),
    [Version || Version <- Published, lists:member(Version, Available)].

%% is_128_aes/1, of what ssl:cipher_suites() returned then: no suite without a certificate.
approved_ciphers() ->
    IsAES128 = fun(Cipher) -> lists:member(Cipher, [aes_128_cbc, aes_128_gcm]) end,
    IsUsual = fun(Exchange) ->
                      lists:member(Exchange, [ecdhe_ecdsa, ecdhe_rsa, ecdh_ecdsa, ecdh_rsa,
                                              dhe_rsa, dhe_dss, rsa])
              end,
    ssl:filter_cipher_suites(ssl:cipher_suites(all, 'tlsv1.2'),
                             [{cipher, IsAES128}, {key_exchange, IsUsual}]).

%% Whole frames up to the target, at least one.
send(_Socket, <<>>) ->
    ok;
send(Socket, Frames) ->
    Size = packet_size(Frames, 0),
    <<Packet:Size/binary, Rest/binary>> = Frames,
    ok = ssl:send(Socket, Packet),
    send(Socket, Rest).

packet_size(Frames, Size) ->
    case binary:split(binary:part(Frames, Size, byte_size(Frames) - Size), <<" ">>) of
        [Count, _] when Size < ?TARGET_BYTES ->
            packet_size(Frames, Size + byte_size(Count) + 1 + binary_to_integer(Count));
        _ ->
            Size
    end.

request(Socket, File) ->
    {ok, Request} = file:read_file(File),
    ok = ssl:send(Socket, Request),
    Head = head(Socket, <<>>),
    [StatusLine | Fields] = string:split(string:trim(Head), "\r\n", all),
    [Length] = [string:trim(Value)
                || Field <- Fields,
                   [Name, Value] <- [string:split(Field, ":")],
                   string:equal(Name, "content-length", true)],
    io:format("~s, ~s bytes~n", [StatusLine, Length]).

head(Socket, Received) ->
    case binary:split(Received, <<"\r\n\r\n">>) of
        [Head, <<>>] ->
            Head;
        [_] ->
            {ok, Data} = ssl:recv(Socket, 0, ?TIMEOUT),
            head(Socket, <<Received/binary, Data/binary>>)
    end.
