	.file	"through.c"
	.text
	.type	init, @function
init:
	pushq	%rbp
	movq	%rsi, %rbp
	pushq	%rbx
	movq	%rdi, %rbx
	movl	$1, %edi
	pushq	%rcx
	call	*8(%rbx)
	testq	%rax, %rax
	jne	.L2
.L4:
	movl	$-20, %eax
	jmp	.L1
.L2:
	movq	%rax, %rdi
	movl	$8, %esi
	call	*16(%rbx)
	testq	%rax, %rax
	je	.L4
	movq	%rbx, (%rax)
	movq	%rax, 0(%rbp)
	xorl	%eax, %eax
.L1:
	popq	%rdx
	popq	%rbx
	popq	%rbp
	ret
	.size	init, .-init
	.type	fini, @function
fini:
	movq	(%rdi), %rax
	jmp	*24(%rax)
	.size	fini, .-fini
	.type	probe, @function
probe:
	cmpq	$1, %rdi
	sbbl	%eax, %eax
	andl	$-62, %eax
	ret
	.size	probe, .-probe
	.type	ctx_free, @function
ctx_free:
	ret
	.size	ctx_free, .-ctx_free
	.type	handshake, @function
handshake:
	xorl	%eax, %eax
	movl	%eax, (%rsi)
	xorl	%eax, %eax
	ret
	.size	handshake, .-handshake
	.type	pending, @function
pending:
	xorl	%eax, %eax
	ret
	.size	pending, .-pending
	.type	shutdown, @function
shutdown:
	xorl	%eax, %eax
	movl	%eax, (%rsi)
	xorl	%eax, %eax
	movl	$1, 32(%rdi)
	ret
	.size	shutdown, .-shutdown
	.section	.rodata.str1.1,"aMS",@progbits,1
.LC0:
	.string	"TLSv1.3"
.LC1:
	.string	"THROUGH"
.LC2:
	.string	"no-group"
	.text
	.type	info, @function
info:
	movabsq	$476741370628, %rax
	cmpl	$47, (%rsi)
	movq	%rax, 4(%rsi)
	movl	24(%rdi), %eax
	movl	%eax, 12(%rsi)
	movl	28(%rdi), %eax
	movl	%eax, 16(%rsi)
	leaq	.LC0(%rip), %rax
	movq	%rax, 24(%rsi)
	leaq	.LC1(%rip), %rax
	movq	%rax, 32(%rsi)
	jbe	.L19
	leaq	.LC2(%rip), %rax
	movq	%rax, 40(%rsi)
.L19:
	xorl	%eax, %eax
	ret
	.size	info, .-info
	.section	.rodata.str1.1
.LC3:
	.string	"DER"
.LC4:
	.string	"CN=through"
.LC5:
	.string	"CN=nobody"
.LC6:
	.string	"mx.example"
.LC7:
	.string	"abababababababababababababababababababababababababababababababab"
	.text
	.type	certificate, @function
certificate:
	movl	$-3, %eax
	testq	%rsi, %rsi
	jne	.L20
	leaq	.LC3(%rip), %rax
	cmpl	$71, (%rdx)
	movq	$3, 16(%rdx)
	movq	%rax, 8(%rdx)
	leaq	.LC4(%rip), %rax
	movq	%rax, 24(%rdx)
	leaq	.LC5(%rip), %rax
	movq	%rax, 32(%rdx)
	leaq	.LC6(%rip), %rax
	movq	%rax, 40(%rdx)
	movabsq	$253402300799, %rax
	movq	$1, 48(%rdx)
	movq	%rax, 56(%rdx)
	ja	.L22
.L23:
	xorl	%eax, %eax
	ret
.L22:
	leaq	.LC7(%rip), %rax
	movq	%rax, 64(%rdx)
	jmp	.L23
.L20:
	ret
	.size	certificate, .-certificate
	.section	.rodata.str1.1
.LC8:
	.string	"ticket"
	.text
	.type	ticket, @function
ticket:
	movq	16(%rsi), %rdi
	movq	8(%rsi), %rax
	movl	$6, %edx
	leaq	.LC8(%rip), %rsi
	jmp	*%rax
	.size	ticket, .-ticket
	.type	conn_free, @function
conn_free:
	testq	%rdi, %rdi
	je	.L26
	movq	(%rdi), %rax
	jmp	*24(%rax)
.L26:
	ret
	.size	conn_free, .-conn_free
	.section	.rodata.str1.1
.LC9:
	.string	"tls-exporter"
	.text
	.type	channel_binding, @function
channel_binding:
	pushq	%r12
	movq	%rsi, %rdi
	leaq	.LC9(%rip), %rsi
	movq	%r8, %r12
	pushq	%rbp
	movq	%rcx, %rbp
	pushq	%rbx
	movq	%rdx, %rbx
	call	strcmp@PLT
	testl	%eax, %eax
	jne	.L33
	movq	$4, (%r12)
	testq	%rbx, %rbx
	je	.L28
	cmpq	$3, %rbp
	jbe	.L34
	testq	%rbx, %rbx
	je	.L28
	movl	$1684957538, (%rbx)
	jmp	.L28
.L33:
	movl	$-62, %eax
	jmp	.L28
.L34:
	movl	$-10, %eax
.L28:
	popq	%rbx
	popq	%rbp
	popq	%r12
	ret
	.size	channel_binding, .-channel_binding
	.section	.rodata.str1.1
.LC10:
	.string	"-"
.LC11:
	.string	"?"
.LC12:
	.string	"conn %u %s %u pins %u %02x ticket %u"
.LC13:
	.string	"conn 1.1 sni %s"
	.text
	.type	conn_new, @function
conn_new:
	pushq	%r15
	pushq	%r14
	pushq	%r13
	movq	%rdx, %r13
	pushq	%r12
	pushq	%rbp
	pushq	%rbx
	movq	%rsi, %rbx
	subq	$536, %rsp
	movq	(%rdi), %r12
	movl	$40, %edi
	call	*8(%r12)
	movq	%rax, %rbp
	movl	$-20, %eax
	testq	%rbp, %rbp
	je	.L40
	leaq	8(%rbp), %rdx
	xorl	%eax, %eax
	movl	$8, %ecx
	movq	%rdx, %rdi
	rep stosl
	movq	%r12, 0(%rbp)
	movq	48(%rbx), %rax
	movl	4(%rbx), %r15d
	movq	40(%rbx), %r14
	movq	%rax, 8(%rbp)
	movq	56(%rbx), %rax
	movl	%r15d, 24(%rbp)
	movq	%rax, 16(%rbp)
	xorl	%eax, %eax
	cmpq	$6, %r14
	jne	.L42
	movq	32(%rbx), %rdi
	movl	$6, %edx
	leaq	.LC8(%rip), %rsi
	call	memcmp@PLT
	testl	%eax, %eax
	sete	%al
	movzbl	%al, %eax
.L42:
	movl	20(%rbx), %edx
	movl	%eax, 28(%rbp)
	xorl	%eax, %eax
	testl	%edx, %edx
	je	.L43
	leal	-1(%rdx), %eax
	salq	$5, %rax
	addq	24(%rbx), %rax
	movzbl	31(%rax), %eax
.L43:
	leaq	16(%rsp), %rcx
	movl	$512, %esi
	movq	%rcx, 8(%rsp)
	pushq	%rcx
	movq	8(%rbx), %r8
	movl	%r15d, %ecx
	pushq	%r14
	pushq	%rax
	xorl	%eax, %eax
	pushq	%rdx
	movq	40(%rsp), %rdi
	leaq	.LC12(%rip), %rdx
	movl	16(%rbx), %r9d
	call	snprintf@PLT
	addq	$32, %rsp
	movl	$2, %esi
	movq	%r12, %rdi
	movq	8(%rsp), %rdx
	call	*40(%r12)
	cmpl	$71, (%rbx)
	leaq	.LC11(%rip), %rcx
	jbe	.L44
	movq	64(%rbx), %rcx
	testq	%rcx, %rcx
	jne	.L44
	leaq	.LC10(%rip), %rcx
.L44:
	movq	8(%rsp), %rdi
	leaq	.LC13(%rip), %rdx
	movl	$512, %esi
	xorl	%eax, %eax
	call	snprintf@PLT
	movq	8(%rsp), %rdx
	movl	$2, %esi
	movq	%r12, %rdi
	call	*40(%r12)
	movq	%rbp, 0(%r13)
	xorl	%eax, %eax
.L40:
	addq	$536, %rsp
	popq	%rbx
	popq	%rbp
	popq	%r12
	popq	%r13
	popq	%r14
	popq	%r15
	ret
	.size	conn_new, .-conn_new
	.section	.rodata.str1.1
.LC14:
	.string	"NONE"
.LC15:
	.string	"through: no cipher is no cipher"
.LC16:
	.string	"config %u %x %x ca %s crl %s ciphers %s cert %s key %s pass %s"
.LC17:
	.string	"config 1.1 ca %s cert %s key %s system %s %s all %u"
	.text
	.type	ctx_new, @function
ctx_new:
	pushq	%r15
	xorl	%r8d, %r8d
	xorps	%xmm0, %xmm0
	xorl	%r9d, %r9d
	pushq	%r14
	movq	%rcx, %r14
	pushq	%r13
	pushq	%r12
	movq	%rdi, %r12
	pushq	%rbp
	pushq	%rbx
	movq	%rsi, %rbx
	subq	$568, %rsp
	movq	(%rdi), %rbp
	movq	32(%rsi), %rdi
	movq	$45, 16(%rsp)
	movq	%r8, 24(%rsp)
	movq	%r9, 8(%rsp)
	movups	%xmm0, 32(%rsp)
	testq	%rdi, %rdi
	je	.L53
	leaq	.LC14(%rip), %rsi
	movq	%rdx, %r13
	call	strcmp@PLT
	testl	%eax, %eax
	jne	.L53
	movl	$7, %ecx
	movl	$-40, %edx
	movq	%r13, %rsi
	movq	%rbp, %rdi
	leaq	.LC15(%rip), %r8
	call	*48(%rbp)
	movl	$-40, %eax
	jmp	.L52
.L53:
	movq	56(%rbx), %rax
	leaq	16(%rsp), %r15
	testq	%rax, %rax
	je	.L56
	movq	64(%rbx), %rdi
	leaq	8(%rsp), %rcx
	movl	$31, %edx
	movq	%r15, %rsi
	call	*%rax
	testl	%eax, %eax
	jne	.L56
	movq	8(%rsp), %rax
	movb	$0, 16(%rsp,%rax)
.L56:
	movq	48(%rbx), %r8
	testq	%r8, %r8
	jne	.L58
	leaq	.LC10(%rip), %r8
.L58:
	movq	40(%rbx), %rdi
	testq	%rdi, %rdi
	jne	.L59
	leaq	.LC10(%rip), %rdi
.L59:
	movq	32(%rbx), %rsi
	testq	%rsi, %rsi
	jne	.L60
	leaq	.LC10(%rip), %rsi
.L60:
	movq	24(%rbx), %rdx
	testq	%rdx, %rdx
	jne	.L61
	leaq	.LC10(%rip), %rdx
.L61:
	movq	16(%rbx), %rax
	testq	%rax, %rax
	jne	.L62
	leaq	.LC10(%rip), %rax
.L62:
	movl	4(%rbx), %ecx
	leaq	48(%rsp), %r13
	movl	12(%rbx), %r9d
	pushq	%r15
	pushq	%r8
	movl	8(%rbx), %r8d
	pushq	%rdi
	movq	%r13, %rdi
	pushq	%rsi
	movl	$512, %esi
	pushq	%rdx
	leaq	.LC16(%rip), %rdx
	pushq	%rax
	xorl	%eax, %eax
	call	snprintf@PLT
	addq	$48, %rsp
	movl	$32, %esi
	movq	%r15, %rdi
	call	*32(%rbp)
	movq	%r13, %rdx
	movl	$2, %esi
	movq	%rbp, %rdi
	call	*40(%rbp)
	cmpl	$115, (%rbx)
	movl	$-62, %eax
	jbe	.L52
	movq	104(%rbx), %rdx
	movl	112(%rbx), %esi
	testq	%rdx, %rdx
	jne	.L63
	leaq	.LC10(%rip), %rdx
.L63:
	movq	96(%rbx), %rax
	testq	%rax, %rax
	jne	.L64
	leaq	.LC10(%rip), %rax
.L64:
	movq	88(%rbx), %r9
	testq	%r9, %r9
	jne	.L65
	leaq	.LC10(%rip), %r9
.L65:
	movq	80(%rbx), %r8
	testq	%r8, %r8
	jne	.L66
	leaq	.LC10(%rip), %r8
.L66:
	movq	72(%rbx), %rcx
	testq	%rcx, %rcx
	jne	.L67
	leaq	.LC10(%rip), %rcx
.L67:
	pushq	%rdi
	movq	%r13, %rdi
	pushq	%rsi
	movl	$512, %esi
	pushq	%rdx
	leaq	.LC17(%rip), %rdx
	pushq	%rax
	xorl	%eax, %eax
	call	snprintf@PLT
	addq	$32, %rsp
	movq	%r13, %rdx
	movq	%rbp, %rdi
	movl	$2, %esi
	call	*40(%rbp)
	movq	%r12, (%r14)
	xorl	%eax, %eax
.L52:
	addq	$568, %rsp
	popq	%rbx
	popq	%rbp
	popq	%r12
	popq	%r13
	popq	%r14
	popq	%r15
	ret
	.size	ctx_new, .-ctx_new
	.section	.rodata.str1.1
.LC18:
	.string	"through: it ended"
	.text
	.type	receive, @function
receive:
	cmpl	$0, 32(%rdi)
	movl	$-2, %eax
	jne	.L78
	pushq	%rbp
	movq	%r8, %rbp
	pushq	%rbx
	movq	%rdi, %rbx
	pushq	%r9
	movq	8(%rdi), %rax
	movq	24(%rax), %rdi
	call	*8(%rax)
	cmpl	$-1, %eax
	jne	.L75
	movl	$1, 0(%rbp)
	jmp	.L73
.L75:
	cmpl	$-2, %eax
	jne	.L73
	movq	(%rbx), %rax
	movq	16(%rbx), %rsi
	leaq	.LC18(%rip), %r8
	xorl	%ecx, %ecx
	movl	$-34, %edx
	movq	%rax, %rdi
	call	*48(%rax)
	movl	$-34, %eax
.L73:
	popq	%rdx
	popq	%rbx
	popq	%rbp
	ret
.L78:
	ret
	.size	receive, .-receive
	.type	deliver, @function
deliver:
	pushq	%rbp
	movq	%r8, %rbp
	pushq	%rbx
	movq	%rdi, %rbx
	pushq	%r9
	movq	8(%rdi), %rax
	movq	24(%rax), %rdi
	call	*16(%rax)
	cmpl	$-1, %eax
	jne	.L82
	movl	$2, 0(%rbp)
	jmp	.L81
.L82:
	cmpl	$-2, %eax
	jne	.L81
	movq	(%rbx), %rax
	movq	16(%rbx), %rsi
	leaq	.LC18(%rip), %r8
	xorl	%ecx, %ecx
	movl	$-34, %edx
	movq	%rax, %rdi
	call	*48(%rax)
	movl	$-34, %eax
.L81:
	popq	%rdx
	popq	%rbx
	popq	%rbp
	ret
	.size	deliver, .-deliver
	.globl	envoi_plugin_through_1_1
	.type	envoi_plugin_through_1_1, @function
envoi_plugin_through_1_1:
	leaq	plugin(%rip), %rax
	ret
	.size	envoi_plugin_through_1_1, .-envoi_plugin_through_1_1
	.section	.rodata.str1.1
.LC19:
	.string	"through_1_1"
.LC20:
	.string	"1.1"
.LC21:
	.string	"MIT"
	.section	.data.rel.ro.local,"aw"
	.align 32
	.type	plugin, @object
	.size	plugin, 72
plugin:
	.long	72
	.long	1162761807
	.long	1
	.long	1
	.quad	.LC19
	.quad	.LC20
	.quad	.LC21
	.quad	init
	.quad	fini
	.quad	transports
	.quad	0
	.align 16
	.type	transports, @object
	.size	transports, 16
transports:
	.quad	transport
	.quad	0
	.section	.rodata.str1.1
.LC22:
	.string	"through"
.LC23:
	.string	"no library"
	.section	.data.rel.ro.local
	.align 32
	.type	transport, @object
	.size	transport, 136
transport:
	.long	136
	.long	2041
	.quad	.LC22
	.quad	.LC23
	.quad	probe
	.quad	ctx_new
	.quad	ctx_free
	.quad	conn_new
	.quad	handshake
	.quad	receive
	.quad	deliver
	.quad	pending
	.quad	shutdown
	.quad	info
	.quad	certificate
	.quad	channel_binding
	.quad	ticket
	.quad	conn_free
	.section	.note.GNU-stack,"",@progbits
